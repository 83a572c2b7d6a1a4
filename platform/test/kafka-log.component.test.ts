import { testKafka } from './support/kafka.ts'
import { recordLogContract } from './support/record-log.contract.ts'

const kafka = testKafka('contract')

recordLogContract(
  'Kafka',
  async () => {
    await kafka.connect()
    return kafka
  },
  kafka.close,
)
