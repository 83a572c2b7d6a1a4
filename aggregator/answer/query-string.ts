// What callers may ask for, in words of the query string; all faults of one are told at once.
import { parseRfc3339 } from '@tally/platform/process/time'
import { z } from 'zod'
import { minuteOf } from '#count/bucket'
import { readEventId } from '#count/order-event'
import { MINUTES } from './ask-counts.ts'

const given = { error: (issue: { input?: unknown }) => (issue.input === undefined ? 'is required' : undefined) }

const currency = z.string(given).regex(/^[A-Z]{3}$/, 'is not an ISO 4217 code such as USD')
const category = z.string().min(1, 'is empty').max(64, 'is longer than 64 characters')

const UNITS: Record<string, number> = { m: MINUTES.minute, h: MINUTES.hour, d: MINUTES.day }
const MAX_WINDOW_MINUTES = 36_500 * MINUTES.day

/** `90m`, `24h`, `30d` → minutes. */
const window = z
  .string()
  .regex(/^[1-9]\d{0,7}[mhd]$/, 'is not a length of time such as 90m, 24h or 30d')
  .transform((text) => Number(text.slice(0, -1)) * (UNITS[text.slice(-1)] ?? 1))
  .refine((minutes) => minutes <= MAX_WINDOW_MINUTES, 'is longer than 36500d')

const limit = z
  .string()
  .regex(/^\d{1,4}$/, 'is not a whole number')
  .transform(Number)
  .refine((value) => value >= 1 && value <= 100, 'is not within 1 to 100')

const time = z.string(given).transform((text, context) => {
  const micros = parseRfc3339(/^\d{4}-\d\d-\d\d$/.test(text) ? `${text}T00:00:00Z` : text)
  if (micros !== undefined && micros >= 0n) return micros
  context.addIssue({ code: 'custom', message: 'is not an RFC 3339 time such as 2026-11-24T08:00:00Z, or a day such as 2026-11-24' })
  return z.NEVER
})

export const topQuery = z.strictObject({
  currency,
  window: window.default(MINUTES.day),
  limit: limit.default(10),
  by: z.enum(['revenue', 'units', 'orders'], { error: 'is not revenue, units or orders' }).default('revenue'),
  asOf: time.optional(),
})

/** Buckets whose start lies in [from, to). */
export const bucketsQuery = z
  .strictObject({
    size: z.enum(['minute', 'hour', 'day'], { error: ({ input }) => (input === undefined ? 'is required' : 'is not minute, hour or day') }),
    from: time,
    to: time,
    category: category.optional(),
    currency: currency.optional(),
    format: z.enum(['json', 'csv', 'parquet'], { error: 'is not json, csv or parquet' }).default('json'),
    asOf: time.optional(),
  })
  .refine(({ from, to }) => from < to, { path: ['to'], error: 'is not later than from' })
  .transform(({ from, to, ...rest }) => ({
    ...rest,
    range: { from: firstStart(from, MINUTES[rest.size]), to: firstStart(to, MINUTES[rest.size]) },
  }))

/** Ids in one lookup. */
const MAX_LOOKUP = 1_000

const eventId = z.string('is not an event id: a positive 64-bit number in decimal, as text').transform((text, context) => {
  const id = readEventId(text)
  if (id !== undefined) return id
  context.addIssue({ code: 'custom', message: 'is not an event id: a positive 64-bit number in decimal, as text' })
  return z.NEVER
})

export const lookupBody = z.strictObject({
  eventIds: z.array(eventId, given).min(1, 'is empty').max(MAX_LOOKUP, `has more than ${MAX_LOOKUP} ids: ask several times`),
})

/** Ranges in one lookup, and offsets in all of them. */
const MAX_RANGES = 500
const MAX_OFFSETS = 100_000n

const wholeNumber = z.int('is not a whole number').min(0, 'is below 0')
const offset = wholeNumber.transform(BigInt)

const range = z
  .strictObject({ partition: wholeNumber.max(2 ** 31 - 1, 'is no partition'), from: offset, next: offset })
  .refine(({ from, next }) => from < next, { path: ['next'], error: 'is not above from' })

/** Half-open ranges of offsets. */
export const recordsBody = z.strictObject({
  ranges: z
    .array(range, given)
    .min(1, 'is empty')
    .max(MAX_RANGES, `has more than ${MAX_RANGES} ranges: ask several times`)
    .refine(
      (ranges) => ranges.reduce((sum, { from, next }) => sum + next - from, 0n) <= MAX_OFFSETS,
      `spans more than ${MAX_OFFSETS} offsets: ask several times`,
    ),
})

export const noQuery = z.strictObject({})

/** The first bucket start at or after an instant, in minutes since the epoch. */
function firstStart(micros: bigint, minutes: number): number {
  return Math.ceil(minuteOf(micros + 59_999_999n) / minutes) * minutes
}
