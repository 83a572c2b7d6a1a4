// A record to be written, as the bytes of Kafka's protocol: measured first, so that it can be put where it is to lie.

import type { NewRecord } from '#records/record-log'
import { varintSize, writeVarint } from './varints.ts'

/** A record with what its bytes are made of. `headers`: name, value, name, value and so on; a name is behind its length already. */
export type MeasuredRecord = { record: NewRecord; headers: (Buffer | null)[]; bodySize: number }

/** Attributes, and the difference to the batch's timestamp, which is none. */
const FIXED = 2

/** Names behind their length: the same dozen come again with every record. */
const names = new Map<string, Buffer>()
const MOST_NAMES = 1_000

function nameBytes(name: string): Buffer {
  const known = names.get(name)
  if (known !== undefined) return known
  const length = Buffer.byteLength(name)
  const bytes = Buffer.alloc(varintSize(length) + length)
  bytes.write(name, writeVarint(bytes, 0, length))
  if (names.size < MOST_NAMES) names.set(name, bytes)
  return bytes
}

function headersOf({ headers, repeatedHeaders }: NewRecord): (Buffer | null)[] {
  const all: (Buffer | null)[] = []
  const addAll = (name: string) => {
    for (const value of repeatedHeaders?.[name] ?? []) all.push(nameBytes(name), value)
  }
  for (const name in headers) {
    if (repeatedHeaders !== undefined && Object.hasOwn(repeatedHeaders, name)) addAll(name)
    else all.push(nameBytes(name), headers[name] ?? null)
  }
  for (const name in repeatedHeaders) if (headers === undefined || !Object.hasOwn(headers, name)) addAll(name)
  return all
}

const sizeOf = (bytes: Buffer | null) => (bytes === null ? 1 : varintSize(bytes.length) + bytes.length)

/** `bodySize` lacks the record's place in its batch, which is not known yet, and its own length. */
export function measured(record: NewRecord): MeasuredRecord {
  const headers = headersOf(record)
  let bodySize = FIXED + sizeOf(record.key) + sizeOf(record.value) + varintSize(headers.length / 2)
  for (let i = 0; i < headers.length; i += 2) bodySize += (headers[i] as Buffer).length + sizeOf(headers[i + 1] as Buffer | null)
  return { record, headers, bodySize }
}

/** All the bytes of the record as the `nth` of its batch. */
export function sizeAs(nth: number, { bodySize }: MeasuredRecord): number {
  const body = bodySize + varintSize(nth)
  return varintSize(body) + body
}

/** Writes the record as the `nth` of its batch; the position behind it. */
export function writeRecord(target: Buffer, start: number, { record, headers, bodySize }: MeasuredRecord, nth: number): number {
  let at = writeVarint(target, start, bodySize + varintSize(nth))
  target[at] = 0
  target[at + 1] = 0
  at = writeVarint(target, at + FIXED, nth)
  at = writeBytes(target, at, record.key)
  at = writeBytes(target, at, record.value)
  at = writeVarint(target, at, headers.length / 2)
  for (let i = 0; i < headers.length; i += 2)
    at = writeBytes(target, copy(target, at, headers[i] as Buffer), headers[i + 1] as Buffer | null)
  return at
}

const writeBytes = (target: Buffer, at: number, bytes: Buffer | null) =>
  bytes === null ? writeVarint(target, at, -1) : copy(target, writeVarint(target, at, bytes.length), bytes)

function copy(target: Buffer, at: number, bytes: Buffer): number {
  target.set(bytes, at)
  return at + bytes.length
}
