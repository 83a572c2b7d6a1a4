// A record as one line of JSON for people: Avro decoded, longs as decimal text, what cannot be read as hex with the reason.
import { readFrame } from '@tally/platform/avro/framing'
import { InvalidMessage } from '@tally/platform/process/errors'
import { formatRfc3339 } from '@tally/platform/process/time'
import type { LogRecord } from '@tally/platform/records/record-log'

/** Decodes a body with the schema it was written with. */
export type DecodeBody = (schemaId: number, body: Buffer) => Promise<unknown>

/** Never throws for what is in the record. */
export async function recordLine(record: LogRecord, decode: DecodeBody): Promise<string> {
  const { topic, partition, offset, timestamp, key, headers } = record
  return JSON.stringify({
    topic,
    partition,
    offset: String(offset),
    timestamp: formatRfc3339(BigInt(timestamp) * 1000n),
    key: key === null ? null : text(key),
    headers: Object.fromEntries(Object.entries(headers).map(([name, header]) => [name, header && text(header)])),
    ...(await shownValue(record.value, decode)),
  })
}

async function shownValue(value: Buffer | null, decode: DecodeBody): Promise<Record<string, unknown>> {
  if (value === null) return { value: null }
  const json = asJson(value)
  if (json !== undefined) return { value: json }
  try {
    const { schemaId, body } = readFrame(value)
    try {
      return { schemaId, value: plain(await decode(schemaId, body)) }
    } catch (error) {
      return { schemaId, valueHex: value.toString('hex'), undecodable: why(error) }
    }
  } catch (error) {
    return { valueHex: value.toString('hex'), undecodable: why(error) }
  }
}

/** Some topics carry JSON; framed Avro never begins with a brace. */
function asJson(value: Buffer): unknown {
  if (value[0] !== 0x7b) return undefined
  try {
    return JSON.parse(value.toString())
  } catch {
    return undefined
  }
}

/** What JSON can say: bigint as decimal text, bytes as hex. */
export function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return String(value)
  if (Buffer.isBuffer(value)) return value.toString('hex')
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)]))
}

function text(bytes: Buffer): string {
  const decoded = bytes.toString()
  return decoded.includes('\uFFFD') ? `0x${bytes.toString('hex')}` : decoded
}

const why = (error: unknown) => {
  const message = error instanceof Error ? error.message : String(error)
  return error instanceof InvalidMessage ? `${error.reason}: ${message}` : message
}
