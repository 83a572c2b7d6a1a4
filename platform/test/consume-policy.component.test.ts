import { consumeContract } from './support/consume.contract.ts'
import { testKafka } from './support/kafka.ts'

for (const fast of [true, false]) {
  const kafka = testKafka(`policy-${fast ? 'fast' : 'plain'}`, fast)
  const { admin } = kafka

  consumeContract(
    fast ? 'Kafka' : 'Kafka with KAFKAJS_FAST=0',
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
}
