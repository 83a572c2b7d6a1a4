// What orders add up to, per minute, category and currency: the books that the chaos tests compare. Nothing of the product.
import type { OrderRequest } from './orders.ts'

/** Amounts in minor units. */
export type Entry = { orders: bigint; units: bigint; revenueMinor: bigint }

/** By `minute|category|currency`, minutes since the epoch of event time. */
export type Ledger = Map<string, Entry>

export const keyOf = (minute: number | bigint, category: string, currency: string) => `${minute}|${category}|${currency}`

/** The lines of one order, as any of the books tells them. */
export type OrderLines = { minute: number; currency: string; lines: { category: string; quantity: bigint; unitPriceMinor: bigint }[] }

/** An order counts once in each category that one of its lines has. */
export function enter(ledger: Ledger, { minute, currency, lines }: OrderLines): void {
  const categories = new Set<string>()
  for (const { category, quantity, unitPriceMinor } of lines) {
    const key = keyOf(minute, category, currency)
    const entry = ledger.get(key) ?? { orders: 0n, units: 0n, revenueMinor: 0n }
    ledger.set(key, entry)
    if (!categories.has(category)) entry.orders += 1n
    categories.add(category)
    entry.units += quantity
    entry.revenueMinor += quantity * unitPriceMinor
  }
}

/** What was sent, with a time of its own. */
export const linesOf = ({ placedAt, currency, lines }: OrderRequest & { placedAt: string }): OrderLines => ({
  minute: Math.floor(Date.parse(placedAt) / 60_000),
  currency,
  lines: lines.map(({ category, quantity, unitPriceMinor }) => ({
    category,
    quantity: BigInt(quantity),
    unitPriceMinor: BigInt(unitPriceMinor),
  })),
})

const MEASURES = ['orders', 'units', 'revenueMinor'] as const
const NONE: Entry = { orders: 0n, units: 0n, revenueMinor: 0n }

/** One line per measure that differs: `minute|category|currency units: book A says 3, book B says 4`. */
export function differences(one: { name: string; ledger: Ledger }, other: { name: string; ledger: Ledger }): string[] {
  const found: string[] = []
  for (const key of [...new Set([...one.ledger.keys(), ...other.ledger.keys()])].sort()) {
    const [a, b] = [one.ledger.get(key) ?? NONE, other.ledger.get(key) ?? NONE]
    for (const measure of MEASURES)
      if (a[measure] !== b[measure]) found.push(`${key} ${measure}: ${one.name} says ${a[measure]}, ${other.name} says ${b[measure]}`)
  }
  return found
}
