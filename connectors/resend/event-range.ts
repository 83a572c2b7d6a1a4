// A range of event ids from what a person types: ids, or times. Ids are time-sorted, so a time is an id.
import { StopProcess } from '@tally/platform/process/errors'
import { firstTsidAt, tsidTime } from '@tally/platform/process/ids'
import { formatRfc3339, parseRfc3339 } from '@tally/platform/process/time'

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
export function firstEvent(from: string, nowMs: number): bigint {
  const { id } = bound('FROM', from)
  if (id >= firstTsidAt(nowMs)) throw new StopProcess(`FROM (${from}) is not before now: nothing has been accepted since`, 2)
  return id
}

/** An id of fewer digits is from January 2024 at the latest: a day or a time in another unit was meant. */
const FEWEST_DIGITS = 17

function bound(name: string, text: string | undefined): { id: bigint; time: boolean } {
  if (text !== undefined && /^\d+$/.test(text)) return { id: idFrom(name, text), time: false }
  const micros = text === undefined ? undefined : parseRfc3339(text)
  if (micros !== undefined) return { id: firstTsidAt(Number(micros / 1000n)), time: true }
  throw new StopProcess(
    `${name} ${text === undefined ? 'is missing' : `is neither an event id nor a time: ${text}`}\n` +
      'make connect-reemit FROM=2026-11-24T08:00:00Z TO=2026-11-24T09:00:00Z WHY="the topic was truncated"',
    2,
  )
}

function idFrom(name: string, text: string): bigint {
  if (text.length < FEWEST_DIGITS) {
    const [, year, month, day] = /^(\d{4})(\d\d)(\d\d)$/.exec(text) ?? []
    const example = year === undefined ? '2026-11-24T08:00:00Z' : `${year}-${month}-${day}T00:00:00Z`
    throw new StopProcess(`${name}=${text} is too short for an event id. If a time is meant, write it like this: ${name}=${example}`, 2)
  }
  const id = BigInt(text)
  if (id >= 2n ** 63n) throw new StopProcess(`${name}=${text} is too large for an event id`, 2)
  return id
}

/** The UTC day of an id, as partitions are named: 20261124. */
export const dayOf = (id: bigint): string => new Date(tsidTime(id)).toISOString().slice(0, 10).replaceAll('-', '')

/** The range for people. */
export const rangeText = ({ from, to }: EventRange): string => `${from} (${timeText(from)}) to ${to} (${timeText(to)})`

const timeText = (id: bigint) => formatRfc3339(BigInt(tsidTime(id)) * 1000n)
