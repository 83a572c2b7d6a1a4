// Records between KafkaJS's shapes and ours; all bytes are kept.
import type { IHeaders, KafkaMessage } from 'kafkajs'
import { FetchedRecord } from '#kafkajs-fast/fetched-record'
import { type MeasuredRecord, measured } from '#kafkajs-fast/new-record'
import type { Headers, LogRecord, NewRecord, RepeatedHeaders } from '#records/record-log'

/** A fetched message as a record. */
export function fromKafka(topic: string, partition: number, message: KafkaMessage): LogRecord {
  if (message instanceof FetchedRecord) return message
  const { offset, timestamp, key, value, headers } = message
  return { topic, partition, offset: BigInt(offset), timestamp: Number(timestamp), key, value, ...readHeaders(headers) }
}

/** In plain loops: letters have a dozen headers each, and plans read letters by the million. */
function readHeaders(from: IHeaders | undefined): { headers: Headers; repeatedHeaders?: RepeatedHeaders } {
  const headers: Headers = {}
  let repeatedHeaders: RepeatedHeaders | undefined
  for (const name in from) {
    const given = from[name]
    if (!Array.isArray(given)) {
      headers[name] = bytesOf(given)
      continue
    }
    const values = given.map(bytesOf)
    headers[name] = values.at(-1) ?? null
    if (values.length > 1) repeatedHeaders = { ...repeatedHeaders, [name]: values }
  }
  return repeatedHeaders ? { headers, repeatedHeaders } : { headers }
}

const bytesOf = (value: Buffer | string | null | undefined) => (typeof value === 'string' ? Buffer.from(value) : (value ?? null))

/** What a record takes beside its body, at most. */
const AROUND = 10

/** Consecutive runs of records, each within `maxBytes` or of a single record. */
export function chunksOf(records: readonly NewRecord[], maxBytes: number): MeasuredRecord[][] {
  const chunks: MeasuredRecord[][] = []
  let bytes = Number.POSITIVE_INFINITY
  for (const record of records.map(measured)) {
    const size = record.bodySize + AROUND
    if (bytes + size > maxBytes) {
      chunks.push([])
      bytes = 0
    }
    chunks.at(-1)?.push(record)
    bytes += size
  }
  return chunks
}
