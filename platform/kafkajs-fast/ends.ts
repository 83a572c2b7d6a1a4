// The end of a log as Kafka knows it: KafkaJS asks for the last stable offset alone, which an open transaction of anyone holds back.
import { AsyncLocalStorage } from 'node:async_hooks'
import listOffsets from 'kafkajs/src/protocol/requests/listOffsets/index.js'

const READ_UNCOMMITTED = 0
const asked = new AsyncLocalStorage<true>()

const { protocol } = listOffsets
listOffsets.protocol = (version) => {
  const request = protocol(version)
  return (fields) => request(asked.getStore() ? { ...fields, isolationLevel: READ_UNCOMMITTED } : fields)
}

/** Every offset that the work asks for is the high watermark, not the last stable offset. */
export const endsOfTheLog = <T>(work: () => Promise<T>): Promise<T> => asked.run(true, work)
