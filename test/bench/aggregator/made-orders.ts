// Orders made up by a seed: 1 to 4 lines, 3 currencies, 7 days of minutes, 2 % repeated as Debezium repeats them. Pure.
import type { OrderPlaced } from '@tally/schemas/contract/order-placed'

export const PARTITIONS = 6
const CURRENCIES = ['USD', 'EUR', 'GBP']
const MINUTES = 7 * 24 * 60
const MICROS_PER_MINUTE = 60_000_000
const REPEATED = 0.02
/** A repeated event is at most so far behind its first copy, in records of its partition. */
const REPEATED_WITHIN = 4_096
/** Ids of one millisecond and node differ in the lowest 12 bits. */
const MILLISECOND = 1n << 22n

export type MadeRecord = { eventId: bigint; order: OrderPlaced; repeated: boolean }

/** What all of them must be counted to. */
export type Expected = { distinct: number; bySeries: Record<string, [number, number, number]>; byMinute: number[] }

type Options = { records: number; categories: number; minutes: 'random' | 'in-order'; endMs: number }

/** Numbers in [0, 1) that follow from the seed. */
export function numbers(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}

const hex = (next: () => number, digits: number) =>
  Array.from({ length: Math.ceil(digits / 8) }, () => (next() * 4_294_967_296).toString(16).split('.')[0]?.padStart(8, '0'))
    .join('')
    .slice(0, digits)

/** Times are within the 7 days before `endMs`, ids within the hour before it. */
export function madeOrders({ records, categories, minutes, endMs }: Options) {
  const next = numbers(7)
  const below = (limit: number) => Math.floor(next() * limit)
  const names = Array.from({ length: categories }, (_, n) => `Category ${n + 1}`)
  const lastMinute = Math.floor(endMs / 60_000)
  const firstId = BigInt(endMs - 3_600_000 - Date.UTC(2024, 0)) * MILLISECOND
  const step = (3_600_000n * MILLISECOND) / BigInt(records)
  const recent = Array.from({ length: PARTITIONS }, (): MadeRecord[] => [])
  const expected: Expected = { distinct: 0, bySeries: {}, byMinute: new Array(MINUTES).fill(0) }

  function make(n: number): MadeRecord {
    const currency = CURRENCIES[below(CURRENCIES.length)] as string
    const minute = minutes === 'random' ? below(MINUTES) : Math.floor((n / records) * MINUTES)
    const micros = BigInt((lastMinute - MINUTES + minute) * MICROS_PER_MINUTE + below(MICROS_PER_MINUTE))
    const eventId = firstId + BigInt(n) * step
    const lines = Array.from({ length: 1 + below(4) }, () => {
      const category = below(categories)
      const sku = `SKU-${category}-${below(500)}`
      return { sku, category: names[category] as string, quantity: 1 + below(5), unitPriceMinor: BigInt(99 + below(50_000)) }
    })
    const totalMinor = lines.reduce((sum, { quantity, unitPriceMinor }) => sum + BigInt(quantity) * unitPriceMinor, 0n)
    const order = {
      ...{ orderId: eventId - 1n, externalOrderId: hex(next, 32), merchantId: String(7_000_000_000_000_000 + below(50)), currency },
      ...{ placedAt: micros, acceptedAt: micros + 1_000n, totalMinor, lines },
    }
    expect(order, minute)
    return { eventId, order, repeated: false }
  }

  function expect({ currency, lines }: OrderPlaced, minute: number): void {
    expected.distinct += 1
    const met = new Set<string>()
    for (const { category, quantity, unitPriceMinor } of lines) {
      const key = `${category}|${currency}`
      const sums = expected.bySeries[key] ?? [0, 0, 0]
      expected.bySeries[key] = sums
      if (!met.has(category)) sums[0] += 1
      met.add(category)
      sums[1] += quantity
      sums[2] += quantity * Number(unitPriceMinor)
      expected.byMinute[minute] = (expected.byMinute[minute] ?? 0) + quantity
    }
  }

  return {
    expected,
    /** The n-th record and the partition it goes to. */
    record(n: number): MadeRecord & { partition: number } {
      const partition = below(PARTITIONS)
      const before = recent[partition] as MadeRecord[]
      if (before.length > 0 && next() < REPEATED) return { ...(before[below(before.length)] as MadeRecord), partition, repeated: true }
      const made = make(n)
      if (before.length < REPEATED_WITHIN) before.push(made)
      else before[n % REPEATED_WITHIN] = made
      return { ...made, partition }
    },
    /** `00-…-01` as OpenTelemetry writes it. */
    traceparent: () => `00-${hex(next, 32)}-${hex(next, 16)}-01`,
  }
}
