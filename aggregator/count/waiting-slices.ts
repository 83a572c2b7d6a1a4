// What waits for the next transaction, and how much of it goes together.
import type { OrderSlice } from './settle-slices.ts'

/** More at once saves little and keeps the thread from everything else for too long. */
const MAX_EVENTS = 20_000

/** Records of one partition: with more in the log, what is counted now changes again soon. */
const BEHIND = 10_000n

export const isBehind = (lag: bigint): boolean => lag > BEHIND

/** Slices, and wishes that come without any. */
export type Waiting<S> = OrderSlice | 'wake' | Replace<S>

/** Takes the place of the counts, with a revision for what it changes. */
export type Replace<S> = (state: S, revision: bigint) => Promise<S>

export const isSlice = <S>(item: Waiting<S>): item is OrderSlice => typeof item === 'object'
const sizeOf = <S>(item: Waiting<S>) => (isSlice(item) ? item.messages.length : 0)

/** As many as stay below the limit together; a slice that is larger goes alone. */
export function fitting<S>(waiting: readonly Waiting<S>[]): number {
  let events = 0
  const over = waiting.findIndex((item) => {
    events += sizeOf(item)
    return events > MAX_EVENTS
  })
  return over < 0 ? waiting.length : Math.max(1, over)
}

/** While partitions are behind, their slices wait for each other: a transaction of all costs little more than one of a few. */
export function awaitsCompany<S>(waiting: readonly Waiting<S>[], lags: ReadonlyMap<number, bigint>): boolean {
  const slices = waiting.filter(isSlice)
  if (!slices.some(({ highWatermark, next }) => isBehind(highWatermark - next))) return false
  const events = slices.reduce((sum, slice) => sum + sizeOf(slice), 0)
  return events < MAX_EVENTS / 2 && slices.length < [...lags.values()].filter(isBehind).length
}
