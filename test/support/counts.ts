// Asks the aggregator what it counted, over HTTP.
import type { Sum } from './orders.ts'
import { stack } from './stack.ts'
import { until } from './until.ts'

const DAY_MS = 86_400_000

async function get<T>(path: string): Promise<T> {
  const answer = await fetch(`${stack.aggregator}${path}`, { headers: { 'Cache-Control': 'no-cache' } })
  if (!answer.ok) throw new Error(`GET ${path} answered ${answer.status}: ${await answer.text()}`)
  return (await answer.json()) as T
}

/** Epoch milliseconds up to which the counts are complete; 0 when not known yet. */
export async function asOf(): Promise<number> {
  const { asOf: text } = await get<{ asOf: string | null }>('/v1/categories/top?currency=USD&limit=1')
  return text === null ? 0 : Date.parse(text)
}

/** What is counted of a category within the last and the coming week. */
export async function counted(category: string, currency = 'USD'): Promise<Sum> {
  const now = Date.now()
  const query = new URLSearchParams({
    size: 'hour',
    from: new Date(now - 8 * DAY_MS).toISOString(),
    to: new Date(now + DAY_MS).toISOString(),
    category,
    currency,
  })
  const { buckets } = await get<{ buckets: Sum[] }>(`/v1/buckets?${query}`)
  const sum = { orders: 0, units: 0, revenueMinor: 0 }
  for (const bucket of buckets) {
    sum.orders += bucket.orders
    sum.units += bucket.units
    sum.revenueMinor += bucket.revenueMinor
  }
  return sum
}

/** Waits until everything acknowledged so far is counted, by the aggregator's own word. */
export async function allCounted(timeoutMs = 60_000): Promise<void> {
  const acknowledged = Date.now()
  await until(async () => (await asOf()) > acknowledged, { what: 'asOf passes the last acknowledged order', timeoutMs })
}

/** GET /v1/events/{eventId} */
export const eventCounted = (eventId: string) => get<{ eventId: string; counted: boolean }>(`/v1/events/${eventId}`)
