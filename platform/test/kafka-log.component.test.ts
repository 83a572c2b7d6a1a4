import { testKafka } from './support/kafka.ts'
import { recordLogContract } from './support/record-log.contract.ts'

for (const fast of [true, false]) {
  const kafka = testKafka(`contract-${fast ? 'fast' : 'plain'}`, fast)

  recordLogContract(
    fast ? 'Kafka' : 'Kafka with KAFKAJS_FAST=0',
    async () => {
      await kafka.connect()
      return kafka
    },
    kafka.close,
  )
}
