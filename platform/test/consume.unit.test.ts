import { systemClock } from '../process/clock.ts'
import { memoryLog } from '../test-support/memory-log.ts'
import { consumeContract } from './support/consume.contract.ts'

consumeContract(
  'the log in memory',
  async () => {
    const recordLog = memoryLog({ clock: systemClock })
    return {
      recordLog,
      createTopic: async (topic, partitions) => recordLog.createTopic(topic, partitions),
      committed: async (group, topic, partition) => recordLog.committed(group, topic, partition),
      transaction: recordLog.transaction,
      trim: async (topic, partition, logStart) => recordLog.trim(topic, partition, logStart),
    }
  },
  async () => {},
)
