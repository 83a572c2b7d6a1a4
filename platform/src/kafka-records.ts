// Records between KafkaJS's shapes and ours; all bytes are kept.
import type { IHeaders, KafkaMessage, Message } from 'kafkajs'
import type { Headers, LogRecord, NewRecord, RepeatedHeaders } from './record-log.ts'

/** A fetched message as a record. */
export function fromKafka(topic: string, partition: number, message: KafkaMessage): LogRecord {
  const { offset, timestamp, key, value, headers } = message
  return { topic, partition, offset: BigInt(offset), timestamp: Number(timestamp), key, value, ...readHeaders(headers) }
}

function readHeaders(from: IHeaders | undefined): { headers: Headers; repeatedHeaders?: RepeatedHeaders } {
  const headers: Headers = {}
  let repeatedHeaders: RepeatedHeaders | undefined
  for (const [name, given] of Object.entries(from ?? {})) {
    const values = (Array.isArray(given) ? given : [given]).flatMap((value) => (value == null ? [] : [bytesOf(value)]))
    const last = values.at(-1)
    if (last === undefined) continue
    headers[name] = last
    if (values.length > 1) repeatedHeaders = { ...repeatedHeaders, [name]: values }
  }
  return repeatedHeaders ? { headers, repeatedHeaders } : { headers }
}

const bytesOf = (value: Buffer | string) => (typeof value === 'string' ? Buffer.from(value) : value)

/** A record to be written as KafkaJS takes it. */
export function toKafka({ key, value, headers, repeatedHeaders, partition }: NewRecord): Message {
  return { key, value, headers: { ...headers, ...repeatedHeaders }, ...(partition !== undefined && { partition }) }
}

/** Roughly the bytes that a record takes in a request. */
export function sizeOf({ key, value, headers, repeatedHeaders }: NewRecord): number {
  let bytes = 32 + (key?.length ?? 0) + (value?.length ?? 0)
  for (const [name, header] of Object.entries(headers ?? {})) bytes += name.length + header.length + 8
  for (const [name, values] of Object.entries(repeatedHeaders ?? {})) for (const { length } of values) bytes += name.length + length + 8
  return bytes
}

/** KafkaJS copies all earlier records of a request for every one more: beyond some hundreds that is all it does. */
const MAX_RECORDS = 500

/** Consecutive runs of records, each within `maxBytes` or of a single record. */
export function chunksOf(records: readonly NewRecord[], maxBytes: number, maxRecords = MAX_RECORDS): NewRecord[][] {
  const chunks: NewRecord[][] = []
  let bytes = Number.POSITIVE_INFINITY
  for (const record of records) {
    const size = sizeOf(record)
    if (bytes + size > maxBytes || (chunks.at(-1)?.length ?? 0) >= maxRecords) {
      chunks.push([])
      bytes = 0
    }
    chunks.at(-1)?.push(record)
    bytes += size
  }
  return chunks
}
