// Questions to the counts and their answers; every answer says as of when it holds.
import { invalidFields, Problem } from '@tally/platform/http/problem'
import { formatRfc3339 } from '@tally/platform/process/time'
import type { Range as RecordRange } from '@tally/platform/records/read-ranges'
import { ORDER_EVENTS } from '@tally/schemas/contract/topics'

export type Measure = 'revenue' | 'units' | 'orders'
export type Size = 'minute' | 'hour' | 'day'

export const MINUTES: Record<Size, number> = { minute: 1, hour: 60, day: 1440 }

/** Half-open, in minutes since the epoch. */
export type Range = { from: number; to: number }

export type Sums = { orders: bigint; units: bigint; revenueMinor: bigint }
export type CategorySums = Sums & { category: string }
export type BucketSums = CategorySums & { minute: number; currency: string }

/** Epoch microseconds of the past to answer for; undefined: now. */
type Moment = { at?: bigint | undefined }
export type TopQuery = Moment & { currency: string; range: Range; by: Measure; limit: number }
export type BucketsQuery = Moment & {
  size: Size
  range: Range
  category?: string | undefined
  currency?: string | undefined
  limit: number
}

export type Place = { partition: number; offset: bigint; countedAtMs: number }
export type Traced = { eventId: bigint; counted?: Place; deadLettered?: { reason: string; failedAtMs: number }; beforeWindow: boolean }

/** What was read, and asOf as it was just before: nothing up to it is missing. */
export type AsOf<T> = { asOf: bigint | null; answer: T }

/** Questions of the past are answered as of the last kept instant up to `at`. @throws Problem when none is kept, and why */
export type Answers = {
  /** The first `limit` categories by the measure, and the measure's sum over all. The range begins with an hour where minutes are folded. */
  top(query: TopQuery): Promise<AsOf<{ categories: CategorySums[]; total: bigint; range: Range }>>
  /** In order of time, category and currency; buckets without orders are left out. */
  buckets(query: BucketsQuery): Promise<AsOf<BucketSums[]>>
  /** The same as a Parquet file, with exact amounts; undefined when there are more than `limit`. */
  parquet(query: BucketsQuery): Promise<AsOf<Buffer | undefined>>
  /** What is known of each event, in the order of the ids. */
  events(eventIds: readonly bigint[]): Promise<AsOf<Traced[]>>
  /** Those records of the ranges from which an event was counted, as ranges in order. Of events that are forgotten nothing is known. */
  records(ranges: readonly RecordRange[]): Promise<AsOf<RecordRange[]>>
}

const MICROS_PER_MINUTE = 60_000_000n

/** Shares of the whole, of which the rows may be only the first few; each in the unit of the measure. */
export function ranked(categories: readonly CategorySums[], total: bigint, by: Measure) {
  return categories.map(({ category, orders, units, revenueMinor }, index) => {
    const part = by === 'revenue' ? revenueMinor : by === 'units' ? units : orders
    return { rank: index + 1, category, orders, units, revenueMinor, share: total === 0n ? 0 : ratio(part, total) }
  })
}

/** To six digits, also where the numbers are beyond a double's 53 bits. */
const ratio = (part: bigint, total: bigint) => Number((part * 1_000_000n + total / 2n) / total) / 1_000_000

/** A bucket is complete once asOf has passed its end; a later order may still be placed into it with an earlier time. */
export function described(bucket: BucketSums, size: Size, asOf: bigint | null) {
  const { minute, category, currency, orders, units, revenueMinor } = bucket
  const end = startMicros(minute + MINUTES[size])
  return { start: startMicros(minute), end, category, currency, orders, units, revenueMinor, complete: asOf !== null && end <= asOf }
}

/** @param asOf as it stands @param oldest the first kept instant */
export function cannotAnswer(at: bigint, asOf: bigint | null, oldest: bigint | null): Problem {
  const detail =
    asOf === null
      ? 'no instant is known yet up to which the counts are complete'
      : at > asOf
        ? `is later than ${formatRfc3339(asOf)}, up to which the counts are complete`
        : `is before ${formatRfc3339(oldest ?? asOf)}, the oldest instant that is kept`
  return new Problem(422, 'as-of-not-kept', 'There is no answer as of that time', `asOf ${detail}.`, {
    errors: [{ pointer: '/asOf', detail }],
  })
}

/** Minutes below `foldedBelow` are kept as hours only. */
export function minutesFolded(foldedBelow: number): Problem {
  const detail = `minutes before ${formatRfc3339(startMicros(foldedBelow))} are folded into hours: ask from there on, or for size=hour`
  return invalidFields([{ pointer: '/from', detail }])
}

export const startMicros = (minute: number): bigint => BigInt(minute) * MICROS_PER_MINUTE

/** Whether an event was counted, and where; of one older than the dedup window nothing may be remembered. */
export function traced({ eventId, counted, deadLettered, beforeWindow }: Traced) {
  return {
    eventId: String(eventId),
    counted: counted !== undefined,
    ...(counted && { topic: ORDER_EVENTS, partition: counted.partition, offset: counted.offset, countedAt: timeOf(counted.countedAtMs) }),
    ...(!counted && deadLettered && { deadLettered: { reason: deadLettered.reason, at: timeOf(deadLettered.failedAtMs) } }),
    ...(!counted && beforeWindow && { beforeWindow: true }),
  }
}

const timeOf = (epochMs: number) => formatRfc3339(BigInt(epochMs) * 1000n)
