// Which minute bucket a line belongs to, and the fold of orders into buckets.
import type { CountedLine, CountedOrder } from './order-event.ts'

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

const MICROS_PER_MINUTE = 60_000_000

/** Exact for all times until 2112, when a microsecond no longer fits a double; the years after that are told by bigints. */
export const minuteOf = (micros: bigint): number => {
  const double = Number(micros)
  return double < SMALL ? Math.floor(double / MICROS_PER_MINUTE) : Number(micros / BigInt(MICROS_PER_MINUTE))
}

/** The first minute of the hour. */
export const hourOf = (minute: number): number => minute - (minute % 60)

/** The sum's part that fits a double is added up in one: bigints cost ten times as much. */
type Summing = Omit<Cell, 'revenueMinor'> & { small: number; large: bigint; last: CountedOrder }
type ByCategory = Map<string, Map<number, Summing>>

/** Sums of products below this stay exact. */
const SMALL = 2 ** 52

/** Cells being summed. */
export type Fold = {
  add(order: CountedOrder): void
  cells(): Cell[]
}

/** An empty fold. An order is counted once per category, however many of its lines share it. Minutes below `foldedBelow` are hours. */
export function newFold(foldedBelow = 0): Fold {
  const byCurrency = new Map<string, ByCategory>()

  function addLine(byCategory: ByCategory, minute: number, order: CountedOrder, { category, quantity, unitPriceMinor }: CountedLine): void {
    const byMinute = childOf<string, Map<number, Summing>>(byCategory, category)
    let cell = byMinute.get(minute)
    if (cell === undefined) {
      cell = { minute, category, currency: order.currency, orders: 1, units: 0, small: 0, large: 0n, last: order }
      byMinute.set(minute, cell)
    } else if (cell.last !== order) {
      cell.orders += 1
      cell.last = order
    }
    cell.units += quantity
    const revenue = quantity * Number(unitPriceMinor)
    if (cell.small + revenue < SMALL) cell.small += revenue
    else cell.large += BigInt(quantity) * unitPriceMinor
  }

  return {
    add(order) {
      const exact = minuteOf(order.placedAt)
      const minute = exact < foldedBelow ? hourOf(exact) : exact
      const byCategory = childOf<string, ByCategory>(byCurrency, order.currency)
      for (const line of order.lines) addLine(byCategory, minute, order, line)
    },
    // Cells of one series follow each other: the store looks a series up once.
    cells() {
      const cells: Cell[] = []
      for (const byCategory of byCurrency.values()) {
        for (const byMinute of byCategory.values()) {
          for (const { minute, category, currency, orders, units, small, large } of byMinute.values())
            cells.push({ minute, category, currency, orders, units, revenueMinor: BigInt(small) + large })
        }
      }
      return cells
    },
  }
}

function childOf<K, V extends Map<unknown, unknown>>(parent: Map<K, V>, key: K): V {
  let child = parent.get(key)
  if (child === undefined) {
    child = new Map() as V
    parent.set(key, child)
  }
  return child
}
