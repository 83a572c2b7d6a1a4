// What a patch is given and gives back: the bytes of a letter, what is known of it, and its value decoded where anybody can.
import { jsonOf } from '#ledger/json-value'
import type { Letter } from '#letters/letter'
import { eventIdOf, keyText } from '#letters/letter'
import { maskedBytes, maskedValue } from '#letters/mask'
import { COLUMNS, chunks, fit } from '#letters/text'

export type PatchLetter = {
  topic: string
  partition: number
  offset: string
  eventId: string | undefined
  reason: string
  exception: string
  message: string
  attempts: number
  replays: number
  key: Buffer | null
  value: Buffer | null
  headers: Record<string, Buffer | null>
  /** The value as JavaScript; longs are bigint. Change it, or `value`: what was changed counts, `value` before this. */
  decoded: unknown
}

export type PatchedBytes = Pick<PatchLetter, 'key' | 'value' | 'headers' | 'decoded'>

export function patchLetterOf(letter: Letter, decoded: unknown): PatchLetter {
  const { original, reason, exception, message, attempts, replays, key, value, headers } = letter
  const { topic, partition, offset } = original
  return {
    ...{ topic, partition, offset: String(offset), eventId: eventIdOf(letter), reason, exception, message, attempts, replays },
    ...{ key, value, headers, decoded },
  }
}

/** Which of the parts a patch changed. */
export function changesOf(before: PatchLetter, after: PatchedBytes): { key: boolean; value: boolean; decoded: boolean; headers: string[] } {
  const names = new Set([...Object.keys(before.headers), ...Object.keys(after.headers)])
  return {
    key: !same(before.key, after.key),
    value: !same(before.value, after.value),
    decoded: same(before.value, after.value) && jsonOf(before.decoded) !== jsonOf(after.decoded),
    headers: [...names].filter((name) => !same(headerIn(before, name), headerIn(after, name))),
  }
}

const same = (a: Buffer | null, b: Buffer | null): boolean => (a === null || b === null ? a === b : a.equals(b))

/** Headers and fields may be called as what objects have of themselves: `constructor`, say. */
const ownOf = <T>(object: Record<string, T>, name: string): T | undefined => (Object.hasOwn(object, name) ? object[name] : undefined)
const headerIn = ({ headers }: PatchedBytes, name: string) => ownOf(headers, name) ?? null

/** What changed, as lines of a diff; customers' values masked. */
export function diffLines(letter: Letter, before: PatchLetter, after: PatchedBytes, unmask: boolean): string[] {
  const changes = changesOf(before, after)
  const bytes = (value: Buffer | null) => maskedBytes(value, unmask)
  return [
    fit(`  ${letter.partition}/${letter.offset}  event ${before.eventId ?? 'without an id'}, key ${keyText(letter) ?? 'none'}`, COLUMNS),
    ...(changes.key ? minusPlus('key', bytes(before.key), bytes(after.key)) : []),
    ...(changes.value ? minusPlus('value', bytes(before.value), bytes(after.value)) : []),
    ...(changes.decoded ? fieldLines('', maskedValue(before.decoded, unmask), maskedValue(after.decoded, unmask)) : []),
    ...changes.headers.flatMap((name) => minusPlus(`header ${name}`, bytes(headerIn(before, name)), bytes(headerIn(after, name)))),
  ]
}

function fieldLines(path: string, before: unknown, after: unknown): string[] {
  if (jsonOf(before) === jsonOf(after)) return []
  if (!isObject(before) || !isObject(after)) return minusPlus(path || 'value', jsonOf(before) ?? 'nothing', jsonOf(after) ?? 'nothing')
  const names = new Set([...Object.keys(before), ...Object.keys(after)])
  const lines = [...names].flatMap((name) => fieldLines(path === '' ? name : `${path}.${name}`, ownOf(before, name), ownOf(after, name)))
  return lines
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null

const minusPlus = (name: string, before: string, after: string): string[] => [
  ...chunks(`- ${name}: ${before}`, '    ', 2),
  ...chunks(`+ ${name}: ${after}`, '    ', 2),
]
