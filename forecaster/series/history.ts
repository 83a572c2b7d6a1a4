// The history of a series: its closed periods, zero-filled, as numbers.
import type { Question } from './series.ts'

/** What was counted in one period, by its start in minutes since the epoch. */
export type PeriodSum = { minute: number; value: number }

/** Consecutive periods; the last one ends at or before asOf. */
export type History = { startMinute: number; periodMinutes: number; values: readonly number[] }

const MICROS_PER_MINUTE = 60_000_000n

/** End of the last period that is complete as of an instant, in minutes since the epoch. */
export function closedEnd(asOf: bigint, periodMinutes: number): number {
  return Math.floor(Number(asOf / MICROS_PER_MINUTE) / periodMinutes) * periodMinutes
}

/**
 * From the first period with a sum to the last closed one; a period without a sum had no demand, so it is 0, not missing.
 * @param sums in order of time
 */
export function closedHistory(sums: readonly PeriodSum[], asOf: bigint, periodMinutes: number): History {
  const end = closedEnd(asOf, periodMinutes)
  const startMinute = Math.min(sums[0]?.minute ?? end, end)
  const values = new Array<number>((end - startMinute) / periodMinutes).fill(0)
  for (const { minute, value } of sums) if (minute < end) values[(minute - startMinute) / periodMinutes] = value
  return { startMinute, periodMinutes, values }
}

/** The periods behind the history's last one, or the last ones of it when `from` is negative. */
export function periodsOf({ startMinute, periodMinutes, values }: History, from: number, count: number): { start: bigint; end: bigint }[] {
  const first = startMinute + (values.length + from) * periodMinutes
  return Array.from({ length: count }, (_, index) => {
    const minute = first + index * periodMinutes
    return { start: BigInt(minute) * MICROS_PER_MINUTE, end: BigInt(minute + periodMinutes) * MICROS_PER_MINUTE }
  })
}

/** One snapshot: the closed periods as of asOf. */
export type Reading = { asOf: bigint | null; known: boolean; sums: PeriodSum[]; fingerprint: string }

export type DemandHistory = { read(question: Question): Promise<Reading> }
