import { randomUUID } from 'node:crypto'
import { kafkaLog } from '@tally/platform/kafka-log'
import { createLog } from '@tally/platform/log'
import kafkajs from 'kafkajs'
import { stack } from '../../test/support/stack.ts'
import { recordLogContract } from './support/record-log.contract.ts'

const recordLog = kafkaLog({ brokers: [stack.kafka], clientId: 'contract', log: createLog('contract', 'silent') })
const admin = new kafkajs.Kafka({ brokers: [stack.kafka], logLevel: kafkajs.logLevel.NOTHING }).admin()
const topics: string[] = []

recordLogContract(
  'Kafka',
  async () => {
    await admin.connect()
    return {
      recordLog,
      async newTopic(numPartitions) {
        const topic = `contract-${randomUUID()}`
        topics.push(topic)
        await admin.createTopics({ topics: [{ topic, numPartitions }] })
        return topic
      },
    }
  },
  async () => {
    await recordLog.close()
    const { groups } = await admin.listGroups()
    await admin.deleteGroups(groups.map(({ groupId }) => groupId).filter((id) => id.startsWith('contract-'))).catch(() => {})
    await admin.deleteTopics({ topics })
    await admin.disconnect()
  },
)
