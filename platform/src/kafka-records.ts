// Records between KafkaJS's shapes and ours; all bytes are kept.
import type { IHeaders, KafkaMessage, Message } from 'kafkajs'
import { FetchedRecord } from './kafka-fetched-record.ts'
import type { Headers, LogRecord, NewRecord, RepeatedHeaders } from './record-log.ts'

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

/** Stands for null among the headers to be written: see kafka-client.ts. */
export const NULL_HEADER = Buffer.alloc(0)

/** A record to be written as KafkaJS takes it. */
export function toKafka({ key, value, headers, repeatedHeaders, partition }: NewRecord): Message {
  const written: IHeaders = {}
  for (const name in headers) written[name] = headers[name] ?? NULL_HEADER
  for (const name in repeatedHeaders) written[name] = (repeatedHeaders[name] ?? []).map((header) => header ?? NULL_HEADER)
  return { key, value, headers: written, ...(partition !== undefined && { partition }) }
}

/** Roughly the bytes that a record takes in a request. */
export function sizeOf({ key, value, headers, repeatedHeaders }: NewRecord): number {
  let bytes = 32 + (key?.length ?? 0) + (value?.length ?? 0)
  for (const [name, header] of Object.entries(headers ?? {})) bytes += name.length + (header?.length ?? 0) + 8
  for (const [name, values] of Object.entries(repeatedHeaders ?? {}))
    for (const value of values) bytes += name.length + (value?.length ?? 0) + 8
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
