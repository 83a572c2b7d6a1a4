// The filter as an engineer writes it, and what it means.
import { parseRfc3339 } from '@tally/platform/process/time'
import type { Filter } from './filter.ts'
import type { Range } from './positions.ts'

export const FILTER_VARIABLES = ['TOPIC', 'REASON', 'EVENT_ID', 'ORDER_ID', 'MERCHANT', 'SINCE', 'UNTIL', 'OFFSETS', 'MAX'] as const

export type FilterWords = Partial<Record<(typeof FILTER_VARIABLES)[number], string>>

const UNITS = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** Undefined without an entry: it would mean no letter at all. */
function listOf(text: string): string[] | undefined {
  const entries = text.split(',').map((entry) => entry.trim())
  const given = entries.filter(Boolean)
  return given.length === 0 ? undefined : given
}

/** @throws Error with every fault, by variable */
export function parseFilter(words: FilterWords, nowMs: number): Filter {
  const faults: string[] = []
  const read = <T>(name: keyof FilterWords, parse: (text: string) => T | undefined, expected: string): T | undefined => {
    const text = words[name]
    if (text === undefined) return undefined
    const value = parse(text)
    if (value === undefined) faults.push(`${name}=${text}: expected ${expected}`)
    return value
  }
  const time = (text: string) => timeOf(text, nowMs)
  const parsed = {
    topics: read('TOPIC', listOf, 'topics'),
    reasons: read('REASON', listOf, 'reasons'),
    eventIds: read('EVENT_ID', listOf, 'event ids'),
    orderIds: read('ORDER_ID', listOf, 'order ids'),
    merchants: read('MERCHANT', listOf, 'merchant ids'),
    since: read('SINCE', time, '2026-11-24T03:00:00Z, or ago as in 30m, 2h, 3d'),
    until: read('UNTIL', time, '2026-11-24T03:00:00Z, or ago as in 30m, 2h, 3d'),
    offsets: read('OFFSETS', rangesOf, 'partition:offset or partition:first-last, by comma'),
    max: read('MAX', (text) => (/^[1-9]\d{0,8}$/.test(text) ? Number(text) : undefined), 'a number above 0'),
  }
  if (parsed.offsets !== undefined && parsed.topics?.length !== 1) faults.push('OFFSETS: needs TOPIC, one queue')
  if (faults.length > 0) throw new Error(faults.join('\n'))
  return Object.fromEntries(Object.entries(parsed).filter(([, value]) => value !== undefined))
}

function timeOf(text: string, nowMs: number): number | undefined {
  const ago = /^(\d+)([smhd])$/.exec(text)
  if (ago) return nowMs - Number(ago[1]) * UNITS[ago[2] as keyof typeof UNITS]
  const micros = parseRfc3339(text)
  return micros === undefined ? undefined : Number(micros / 1_000n)
}

function rangesOf(text: string): Range[] | undefined {
  const ranges = listOf(text)?.map((entry) => {
    const match = /^(\d+):(\d+)(?:-(\d+))?$/.exec(entry)
    if (match === null) return undefined
    const from = BigInt(match[2] ?? 0)
    const last = BigInt(match[3] ?? from)
    return last < from ? undefined : { partition: Number(match[1]), from, next: last + 1n }
  })
  return ranges?.includes(undefined) ? undefined : (ranges as Range[])
}
