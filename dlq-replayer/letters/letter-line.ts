// A letter as a line of NDJSON: original bytes and headers in base64, so that nothing is lost or changed on the way back.
import type { NewRecord } from '@tally/platform/records/record-log'
import type { Letter } from './letter.ts'

const base64 = (bytes: Buffer | null): string | null => bytes?.toString('base64') ?? null

/** One line, without the line end. */
export function letterLine(
  dlq: string,
  { record, original, group, reason, exception, message, attempts, replays, failedAt }: Letter,
): string {
  const { partition, offset, key, value, headers, repeatedHeaders } = record
  // A header may be called toString.
  const repeated = (name: string) => (repeatedHeaders && Object.hasOwn(repeatedHeaders, name) ? repeatedHeaders[name] : undefined)
  const names = Object.entries(headers).map(([name, bytes]) => [name, repeated(name)?.map(base64) ?? base64(bytes)])
  return JSON.stringify({
    dlq,
    partition,
    offset: String(offset),
    original: { ...original, offset: String(original.offset) },
    group,
    reason,
    exception,
    message,
    attempts,
    replays,
    failedAt: new Date(failedAt).toISOString(),
    key: base64(key),
    value: base64(value),
    headers: Object.fromEntries(names),
  })
}

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/

/** What a line says is to lie in a queue: only its bytes count, the rest is for readers. @throws Error saying what is wrong with it */
export function parseLetterLine(line: string): { dlq: string; record: NewRecord } {
  const parsed = parseJson(line)
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) throw new Error('is not a JSON object')
  const { dlq, key, value, headers } = parsed as Record<string, unknown>
  if (typeof dlq !== 'string') throw new Error('has no dlq')
  if (typeof headers !== 'object' || headers === null || Array.isArray(headers)) throw new Error('has no headers')
  const all = Object.entries(headers).map(([name, given]) => {
    const values = (Array.isArray(given) ? given : [given]).map((each) => bytesOf(`headers.${name}`, each))
    if (values.length === 0) throw new Error(`headers.${name} has no value`)
    return [name, values] as const
  })
  const repeated = all.filter(([, values]) => values.length > 1)
  const record = {
    key: bytesOf('key', key),
    value: bytesOf('value', value),
    headers: Object.fromEntries(all.map(([name, values]) => [name, values.at(-1) ?? null])),
    ...(repeated.length > 0 && { repeatedHeaders: Object.fromEntries(repeated.map(([name, values]) => [name, [...values]])) }),
  }
  return { dlq, record }
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    throw new Error('is not JSON')
  }
}

function bytesOf(name: string, given: unknown): Buffer | null {
  if (given === null) return null
  if (typeof given !== 'string' || !BASE64.test(given)) throw new Error(`${name} is not base64`)
  return Buffer.from(given, 'base64')
}
