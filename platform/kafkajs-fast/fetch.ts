// The answer to a fetch: KafkaJS is handed records that stay bytes (fetched-record.ts) instead of making objects of all of them.
import { gunzipSync } from 'node:zlib'
import kafkajs from 'kafkajs'
import Decoder from 'kafkajs/src/protocol/decoder.js'
import fetchResponse from 'kafkajs/src/protocol/requests/fetch/v11/response.js'
import type { LogRecord } from '#records/record-log'
import { FetchedRecord, type Frame } from './fetched-record.ts'
import type { Switched } from './replacement.ts'
import { readVarint, varintEnd } from './varints.ts'

/** Before the records of a batch: its own fields and how many there are. */
const BATCH_HEADER = 61
const [GZIP, CODEC, LOG_APPEND_TIME, IN_TRANSACTION, CONTROL] = [1, 0x07, 0x08, 0x10, 0x20]

const aborted = (decoder: Decoder) => ({ producerId: String(decoder.readInt64()), firstOffset: String(decoder.readInt64()) })

/** One partition's part of an answer; the records as they lie there. Fields are read in the order in which they are written here. */
const partitionOf = (decoder: Decoder) => ({
  partition: decoder.readInt32(),
  errorCode: decoder.readInt16(),
  highWatermark: String(decoder.readInt64()),
  lastStableOffset: String(decoder.readInt64()),
  lastStartOffset: String(decoder.readInt64()),
  abortedTransactions: decoder.readArray(aborted),
  preferredReadReplica: decoder.readInt32(),
  records: decoder.readBytes() ?? Buffer.alloc(0),
})

export type FetchAnswer = {
  throttleTime: number
  clientSideThrottleTime: number
  errorCode: number
  sessionId: number
  responses: { topicName: string; partitions: (Omit<ReturnType<typeof partitionOf>, 'records'> & { messages: LogRecord[] })[] }[]
}

const topicOf = (decoder: Decoder) => ({ topicName: decoder.readString(), partitions: decoder.readArray(partitionOf) })

/** Batches of records up to the end; the last one may be cut off. */
async function recordsOf(topic: string, partition: number, bytes: Buffer): Promise<FetchedRecord[]> {
  const records: FetchedRecord[] = []
  for (let at = 0; at + BATCH_HEADER <= bytes.length; ) {
    const end = at + 12 + bytes.readInt32BE(at + 8)
    if (end > bytes.length) break
    const attributes = bytes.readInt16BE(at + 21)
    const appendTime = (attributes & LOG_APPEND_TIME) > 0
    const packed = bytes.subarray(at + BATCH_HEADER, end)
    const codec = attributes & CODEC
    const count = bytes.readInt32BE(at + 57)
    const frame: Frame = {
      topic,
      partition,
      appendTime,
      baseOffset: bytes.readBigInt64BE(at),
      bytes: codec === 0 || count === 0 ? packed : codec === GZIP ? unzipped(packed) : await decompressed(codec, packed),
      timestamp: Number(bytes.readBigInt64BE(appendTime ? at + 35 : at + 27)),
      isControl: (attributes & CONTROL) > 0,
      batchContext: { producerId: String(bytes.readBigInt64BE(at + 43)), inTransaction: (attributes & IN_TRANSACTION) > 0 },
    }
    for (let n = 0, start = 0; n < count; n += 1) {
      const body = varintEnd(frame.bytes, start)
      records.push(new FetchedRecord(frame, body))
      start = body + readVarint(frame.bytes, start)
      if (start > frame.bytes.length) throw new RangeError(`a batch of ${topic}/${partition} ends within a record`)
    }
    at = end
  }
  return records
}

/** At once, into one buffer of the size that stands at the end: a thread, a stream and many chunks cost twice the unpacking itself. */
function unzipped(packed: Buffer): Buffer {
  const size = packed.readUInt32LE(packed.length - 4)
  return gunzipSync(packed, { chunkSize: Math.min(Math.max(size, 64), 1 << 20) })
}

function decompressed(codec: number, packed: Buffer): Promise<Buffer> {
  const codecs = kafkajs.CompressionCodecs as Record<number, () => { decompress(packed: Buffer): Promise<Buffer> }>
  const found = codecs[codec]
  if (found === undefined) throw new kafkajs.KafkaJSNonRetriableError(`a batch is compressed in a way that is not known: ${codec}`)
  return found().decompress(packed)
}

/** KafkaJS's own. */
export const decodeAsKafkaJs = fetchResponse.decode
const MAGIC_AT = 16

export const fetch: Switched = {
  module: 'src/protocol/requests/fetch/v11/response.js',
  what: 'reading records',
  install() {
    fetchResponse.decode = decodeFetch
  },
  remove() {
    fetchResponse.decode = decodeAsKafkaJs
  },
  isIn: (inner) => (inner as typeof fetchResponse).decode === decodeFetch,
}

/** The whole answer of version 11, which every broker since Kafka 2.3 gives; KafkaJS reads older ones by itself. */
export async function decodeFetch(bytes: Buffer): Promise<FetchAnswer> {
  const decoder = new Decoder(bytes)
  const [clientSideThrottleTime, errorCode, sessionId] = [decoder.readInt32(), decoder.readInt16(), decoder.readInt32()]
  const topics = decoder.readArray(topicOf)
  // Records from before Kafka 0.11 are rare enough to be read as KafkaJS does.
  if (topics.some(({ partitions }) => partitions.some(({ records }) => records.length > MAGIC_AT && records[MAGIC_AT] !== 2)))
    return decodeAsKafkaJs(bytes)
  const responses: FetchAnswer['responses'] = []
  for (const { topicName, partitions } of topics) {
    const decoded = []
    for (const { records, ...fields } of partitions)
      decoded.push({ ...fields, messages: await recordsOf(topicName, fields.partition, records) })
    responses.push({ topicName, partitions: decoded })
  }
  // The broker has not throttled: it expects that of the client when the time is above 0, and KafkaJS does so by its own view of it.
  return { throttleTime: 0, clientSideThrottleTime, errorCode, sessionId, responses }
}
