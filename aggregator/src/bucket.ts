// Which minute bucket a line belongs to, and the fold of orders into buckets.
import type { OrderPlaced } from '@tally/schemas/order-placed'

/** What orders add to one minute of one category and currency. */
export type Cell = {
  /** Minutes since the epoch, event time. */
  minute: number
  category: string
  currency: string
  /** Orders with at least one line of the category. Like units a number: what fits in memory stays far below 2^53. */
  orders: number
  units: number
  revenueMinor: bigint
}

const MICROS_PER_MINUTE = 60_000_000n

export const minuteOf = (micros: bigint): number => Number(micros / MICROS_PER_MINUTE)

type Summing = Cell & { last: OrderPlaced }

/** Cells being summed. */
export type Fold = {
  add(order: OrderPlaced): void
  cells(): Cell[]
}

/** An empty fold. An order is counted once per category, however many of its lines share it. */
export function newFold(): Fold {
  const byCurrency = new Map<string, Map<string, Map<number, Summing>>>()
  return {
    add(order) {
      const { currency } = order
      const minute = minuteOf(order.placedAt)
      const byCategory = childOf(byCurrency, currency, () => new Map())
      for (const { category, quantity: units, unitPriceMinor } of order.lines) {
        const byMinute = childOf(byCategory, category, () => new Map())
        const revenueMinor = BigInt(units) * unitPriceMinor
        const cell = byMinute.get(minute)
        if (cell === undefined) {
          byMinute.set(minute, { minute, category, currency, orders: 1, units, revenueMinor, last: order })
          continue
        }
        if (cell.last !== order) cell.orders += 1
        cell.last = order
        cell.units += units
        cell.revenueMinor += revenueMinor
      }
    },
    // Cells of one series follow each other: the store looks a series up once.
    cells: () => [...byCurrency.values()].flatMap((byCategory) => [...byCategory.values()].flatMap((byMinute) => [...byMinute.values()])),
  }
}

function childOf<K, V>(parent: Map<K, V>, key: K, create: () => V): V {
  let child = parent.get(key)
  if (child === undefined) {
    child = create()
    parent.set(key, child)
  }
  return child
}
