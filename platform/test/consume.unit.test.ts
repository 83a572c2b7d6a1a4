import { systemClock } from '@tally/platform/clock'
import { memoryLog } from '@tally/platform/memory-log'
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
