// Event ids by the day of their time: ids are time-sorted, so a day is a range of them. Pure.
import { firstTsidAt, tsidTime } from '@tally/platform/process/ids'
import { dayOf, startOfDay } from './schema.ts'

/** What has ids, by day; nearly always that is one day. */
export function byDay<T>(items: readonly T[], idOf: (item: T) => bigint): Map<number, readonly T[]> {
  const [min, max] = rangeOf(items, idOf)
  if (min === undefined || max === undefined) return new Map()
  const day = dayOf(tsidTime(min))
  if (max < firstTsidAt(startOfDay(day + 1))) return new Map([[day, items]])
  return Map.groupBy(items, (item) => dayOf(tsidTime(idOf(item))))
}

/** Smallest and largest id, or whatever number is asked for. */
export function rangeOf<T>(items: readonly T[], idOf: (item: T) => bigint): [bigint, bigint] | [] {
  const [first] = items
  if (first === undefined) return []
  let [min, max] = [idOf(first), idOf(first)]
  for (const item of items) {
    const id = idOf(item)
    if (id < min) min = id
    else if (id > max) max = id
  }
  return [min, max]
}
