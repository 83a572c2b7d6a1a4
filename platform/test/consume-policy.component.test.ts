import { consumeContract } from './support/consume.contract.ts'
import { testKafka } from './support/kafka.ts'

const kafka = testKafka('policy')
const { admin } = kafka

consumeContract(
  'Kafka',
  async () => {
    await kafka.connect()
    return {
      recordLog: kafka.recordLog,
      createTopic: kafka.createTopic,
      transaction: kafka.transaction,
      async committed(groupId, topic, partition) {
        const [answer] = await admin.fetchOffsets({ groupId, topics: [topic] })
        const offset = Number(answer?.partitions.find((one) => one.partition === partition)?.offset ?? -1)
        return offset < 0 ? undefined : BigInt(offset)
      },
      async trim(topic, partition, logStart) {
        // KafkaJS deletes only from topics it has looked at.
        await admin.fetchTopicOffsets(topic)
        await admin.deleteTopicRecords({ topic, partitions: [{ partition, offset: String(logStart) }] })
      },
    }
  },
  kafka.close,
)
