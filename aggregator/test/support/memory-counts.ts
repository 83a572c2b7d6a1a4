// A counts store in memory that keeps the promises of the file: all of a transaction or nothing, and it can be copied.
import { StopProcess } from '@tally/platform/process/errors'
import type { Counts, CountsState } from '../../count/count-orders.ts'
import type { Place } from '../../count/settle-slices.ts'

type Sums = { orders: bigint; units: bigint; revenueMinor: bigint }
type Tables = CountsState & { seen: Map<bigint, Place>; cells: Map<string, Sums>; letters: Map<bigint, boolean> }

/** The process is gone: nothing of it may go on. */
export class Crash extends StopProcess {}

export type MemoryCounts = Counts & {
  /** `minute category currency` → sums. */
  cells(): ReadonlyMap<string, Sums>
  positions(): ReadonlyMap<number, bigint>
  /** The next transaction throws Crash, with or without having committed. */
  crashNext(when: 'before' | 'after'): void
  /** The store as it lies on disk now, opened anew. */
  reopen(): MemoryCounts
}

const EMPTY: Tables = {
  positions: new Map(),
  asOf: null,
  revision: 0n,
  forgottenBelow: 0n,
  foldedBelow: 0,
  seen: new Map(),
  cells: new Map(),
  letters: new Map(),
}

export function memoryCounts(from: Tables = EMPTY): MemoryCounts {
  let tables = structuredClone(from)
  let crash: 'before' | 'after' | undefined
  return {
    state: tables,
    cells: () => tables.cells,
    positions: () => tables.positions,
    crashNext: (when) => {
      crash = when
    },
    reopen: () => memoryCounts(tables),
    async transaction(work) {
      let saved = tables
      const answer = await work({
        async known(ids) {
          const counted = ids.filter((id) => tables.seen.has(id) || tables.letters.get(id) === true)
          return { counted: new Set(counted), deadLettered: new Set(ids.filter((id) => tables.letters.get(id) === false)) }
        },
        async save({ positions, cells, counted, replayed, deadLetters, asOf, revision, forgottenBelow, foldedBelow }) {
          const standing = { asOf, revision, forgottenBelow, foldedBelow }
          saved = structuredClone({ ...tables, ...standing, positions: new Map([...tables.positions, ...positions]) })
          for (const { minute, category, currency, orders, units, revenueMinor } of cells) {
            const key = `${minute} ${category} ${currency}`
            const sums = saved.cells.get(key) ?? { orders: 0n, units: 0n, revenueMinor: 0n }
            saved.cells.set(key, {
              orders: sums.orders + BigInt(orders),
              units: sums.units + BigInt(units),
              revenueMinor: sums.revenueMinor + revenueMinor,
            })
          }
          for (const place of counted) saved.seen.set(place.eventId, place)
          for (const letter of deadLetters) if (!saved.letters.has(letter.eventId)) saved.letters.set(letter.eventId, letter.counted)
          for (const { eventId } of replayed) saved.letters.set(eventId, true)
          for (const id of saved.seen.keys()) if (id < forgottenBelow) saved.seen.delete(id)
        },
      })
      const [now, crashed] = [crash, crash !== undefined]
      crash = undefined
      if (now !== 'before') tables = saved
      if (crashed) throw new Crash(`crashed ${now} commit`)
      return answer
    },
  }
}
