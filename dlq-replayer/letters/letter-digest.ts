// The same bytes, headers included, have the same digest: how a letter is known again wherever it lies.
import { createHash } from 'node:crypto'
import type { NewRecord } from '@tally/platform/records/record-log'

/** Of key, value and all headers; neither partition nor offset count. */
export function recordDigest({ key, value, headers = {}, repeatedHeaders = {} }: NewRecord): string {
  const hash = createHash('sha256')
  const add = (bytes: Buffer | null) => hash.update(`${bytes?.length ?? -1}:`).update(bytes ?? Buffer.alloc(0))
  add(key)
  add(value)
  for (const name of Object.keys(headers).sort()) {
    add(Buffer.from(name))
    for (const bytes of Object.hasOwn(repeatedHeaders, name) ? (repeatedHeaders[name] ?? []) : [headers[name] ?? null]) add(bytes)
  }
  return hash.digest('base64url').slice(0, 22)
}
