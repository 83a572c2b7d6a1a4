// The end of a log as Kafka knows it: KafkaJS asks for the last stable offset alone, which an open transaction of anyone holds back.
import { AsyncLocalStorage } from 'node:async_hooks'
import listOffsets from 'kafkajs/src/protocol/requests/listOffsets/index.js'
import type { Replacement } from './replacement.ts'

const READ_UNCOMMITTED = 0
const asked = new AsyncLocalStorage<true>()

const { protocol } = listOffsets

function protocolWithEnds(version: { version: number }) {
  const request = protocol(version)
  return (fields: { isolationLevel?: number }) => request(asked.getStore() ? { ...fields, isolationLevel: READ_UNCOMMITTED } : fields)
}

export const ends: Replacement = {
  module: 'src/protocol/requests/listOffsets/index.js',
  what: 'the end of the log',
  install() {
    listOffsets.protocol = protocolWithEnds
  },
  isIn: (inner) => (inner as typeof listOffsets).protocol === protocolWithEnds,
}

/** Every offset that the work asks for is the high watermark, not the last stable offset. */
export const endsOfTheLog = <T>(work: () => Promise<T>): Promise<T> => asked.run(true, work)
