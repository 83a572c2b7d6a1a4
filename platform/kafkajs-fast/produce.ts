// A produce request: KafkaJS is handed records by the batch (ProducerBatch) and given their bytes, written in one pass into one
// buffer. It makes a buffer of 512 bytes of each record and each header and copies them five times over.
import type { Message } from 'kafkajs'
import kafkajs from 'kafkajs'
import produce, { type ProduceRequest } from 'kafkajs/src/protocol/requests/produce/index.js'
import { systemClock } from '#process/clock'
import type { NewRecord } from '#records/record-log'
import { crc32c } from './crc32c.ts'
import { type MeasuredRecord, sizeAs, writeRecord } from './new-record.ts'
import type { Replacement } from './replacement.ts'

/** Records of one partition in their order, which are one message to KafkaJS. Without a partition the first one's key decides. */
export class ProducerBatch implements Message {
  readonly value = null
  readonly records: MeasuredRecord[]
  partition: number | undefined

  constructor(records: MeasuredRecord[], partition?: number) {
    this.records = records
    this.partition = partition
  }

  get record(): NewRecord {
    return (this.records[0] as MeasuredRecord).record
  }
}

/** Fields of a request, a topic and a partition beside the name and the batch; of a batch, before its records. */
const [REQUEST, TOPIC, PARTITION, BATCH] = [12, 6, 8, 61]
/** Within a batch: how long the rest is from `LENGTH_ENDS` on, and what the checksum is of. */
const [LENGTH_ENDS, CHECKED_FROM] = [12, 21]
const NO_PRODUCER_ID = -1n

/** The request's body, for a producer that is neither idempotent nor in a transaction. */
export function encodeProduce({ acks, timeout, topicData }: ProduceRequest<ProducerBatch>, now: number): Buffer {
  const topics = topicData.map(({ topic, partitions }) => ({
    name: Buffer.from(topic),
    partitions: partitions.map(({ partition, messages }) => recordSet(partition, messages)),
  }))
  const sizes = topics.map(({ name, partitions }) => partitions.reduce((sum, { size }) => sum + PARTITION + size, TOPIC + name.length))
  const bytes = Buffer.allocUnsafe(sizes.reduce((sum, size) => sum + size, REQUEST))
  bytes.writeInt16BE(-1, 0) // No transaction.
  bytes.writeInt16BE(acks, 2)
  bytes.writeInt32BE(timeout, 4)
  let at = bytes.writeInt32BE(topics.length, 8)
  for (const { name, partitions } of topics) {
    at = bytes.writeInt16BE(name.length, at)
    at += name.copy(bytes, at)
    at = bytes.writeInt32BE(partitions.length, at)
    for (const { partition, records, size } of partitions) {
      at = bytes.writeInt32BE(size, bytes.writeInt32BE(partition, at))
      at = writeBatch(bytes, at, records, size, now)
    }
  }
  return bytes
}

function recordSet(partition: number, messages: ProducerBatch[]) {
  const records = messages.flatMap(({ records }) => records)
  return { partition, records, size: records.reduce((sum, record, nth) => sum + sizeAs(nth, record), BATCH) }
}

/** Fields are written in the order in which they lie there, but for the checksum. */
function writeBatch(bytes: Buffer, start: number, records: MeasuredRecord[], size: number, now: number): number {
  let at = bytes.writeBigInt64BE(0n, start) // The broker says the offset.
  at = bytes.writeInt32BE(size - LENGTH_ENDS, at)
  at = bytes.writeInt32BE(0, at) // The leader's epoch, also the broker's to say.
  at = bytes.writeInt8(2, at) // The format's version.
  at = bytes.writeInt16BE(0, at + 4) // Not compressed, no transaction.
  at = bytes.writeInt32BE(records.length - 1, at)
  at = bytes.writeBigInt64BE(BigInt(now), at)
  at = bytes.writeBigInt64BE(BigInt(now), at)
  at = bytes.writeBigInt64BE(NO_PRODUCER_ID, at)
  at = bytes.writeInt16BE(0, at)
  at = bytes.writeInt32BE(0, at)
  at = bytes.writeInt32BE(records.length, at)
  for (const [nth, record] of records.entries()) at = writeRecord(bytes, at, record, nth)
  bytes.writeUInt32BE(crc32c(bytes, start + CHECKED_FROM, at), start + CHECKED_FROM - 4)
  return at
}

/** Whether KafkaJS was handed batches. Anything else, also by another producer of this process, it encodes by itself. */
const isOfBatches = (request: ProduceRequest<Message>): request is ProduceRequest<ProducerBatch> =>
  request.topicData.every(({ partitions }) =>
    partitions.every(({ messages }) => messages.every((message) => message instanceof ProducerBatch)),
  )

/** The first version that knows headers. */
const WITH_HEADERS = 3
const { protocol } = produce

export const produceBatches: Replacement = {
  module: 'src/protocol/requests/produce/index.js',
  what: 'writing records',
  install() {
    produce.protocol = protocolOfBatches
  },
  isIn: (inner) => (inner as typeof produce).protocol === protocolOfBatches,
}

function protocolOfBatches({ version }: { version: number }): ReturnType<typeof protocol> {
  const ofKafkaJs = protocol({ version })
  return (request) => {
    const made = ofKafkaJs(request)
    if (!isOfBatches(request)) return made
    const { compression = 0, transactionalId, producerId = -1 } = request
    if (version < WITH_HEADERS || compression !== 0 || transactionalId != null || BigInt(producerId) !== NO_PRODUCER_ID)
      throw new kafkajs.KafkaJSNonRetriableError(
        'batches are neither for brokers before 0.11 nor for compression, transactions or idempotence',
      )
    made.request.encode = async () => {
      const buf = encodeProduce(request, systemClock.now())
      return { buf, buffer: buf }
    }
    return made
  }
}
