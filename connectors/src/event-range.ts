// A range of event ids from what a person types: ids, or times. Ids are time-sorted, so a time is an id.
import { StopProcess } from '@tally/platform/errors'
import { formatRfc3339, parseRfc3339 } from '@tally/platform/rfc3339'
import { firstTsidAt, tsidTime } from '@tally/platform/tsid'

/** Both ends belong to it. */
export type EventRange = { from: bigint; to: bigint }

/**
 * FROM is the first id, or the time from which on; TO the last id, or the time before which. Nothing later than now.
 * @throws StopProcess naming what is missing or wrong
 */
export function eventRange(from: string | undefined, to: string | undefined, nowMs: number): EventRange {
  const first = bound('FROM', from)
  const last = bound('TO', to)
  const range = { from: first.id, to: last.time ? last.id - 1n : last.id }
  const newest = firstTsidAt(nowMs) - 1n
  if (range.to > newest) range.to = newest
  if (range.from > range.to) throw new StopProcess(`FROM (${from}) is not before TO (${to}) and now: nothing lies between`, 2)
  return range
}

/** The id that FROM means. @throws StopProcess */
export const firstEvent = (from: string): bigint => bound('FROM', from).id

function bound(name: string, text: string | undefined): { id: bigint; time: boolean } {
  if (text !== undefined && /^\d{1,19}$/.test(text)) return { id: BigInt(text), time: false }
  const micros = text === undefined ? undefined : parseRfc3339(text)
  if (micros !== undefined) return { id: firstTsidAt(Number(micros / 1000n)), time: true }
  throw new StopProcess(
    `${name} ${text === undefined ? 'is missing' : `is neither an event id nor a time: ${text}`}\n` +
      'make connect-reemit FROM=2026-11-24T08:00:00Z TO=2026-11-24T09:00:00Z WHY="the topic was truncated"',
    2,
  )
}

/** The UTC day of an id, as partitions are named: 20261124. */
export const dayOf = (id: bigint): string => new Date(tsidTime(id)).toISOString().slice(0, 10).replaceAll('-', '')

/** The range for people. */
export const rangeText = ({ from, to }: EventRange): string => `${from} (${timeText(from)}) to ${to} (${timeText(to)})`

const timeText = (id: bigint) => formatRfc3339(BigInt(tsidTime(id)) * 1000n)
