import { systemClock } from '../process/clock.ts'
import { memoryLog } from '../test-support/memory-log.ts'
import { recordLogContract } from './support/record-log.contract.ts'

let topics = 0

recordLogContract(
  'the log in memory',
  async () => {
    const recordLog = memoryLog({ clock: systemClock })
    return {
      recordLog,
      transaction: recordLog.transaction,
      async newTopic(partitions) {
        topics += 1
        const topic = `topic-${topics}`
        recordLog.createTopic(topic, partitions)
        return topic
      },
    }
  },
  async () => {},
)
