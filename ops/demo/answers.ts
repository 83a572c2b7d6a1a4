// Asks the running services, over the HTTP anybody would use.
import { systemClock, wait } from '@tally/platform/process/clock'
import type { demoConfig } from './config.ts'
import type { Addresses, Forecast } from './report.ts'
import type { CategoryTotal } from './superstore.ts'

const COUNTED_TIMEOUT_MS = 120_000
const FORECAST_TIMEOUT_MS = 60_000
const YEAR_MS = 366 * 86_400_000

/** Where this stack's services answer. */
export function addresses(config: ReturnType<typeof demoConfig>): Addresses {
  const at = (port: number) => `http://127.0.0.1:${port + config.PORT_OFFSET}`
  return {
    ingestApi: at(config.INGEST_API_PORT),
    aggregator: at(config.AGGREGATOR_PORT),
    forecaster: at(config.FORECASTER_PORT),
    aggregatorOps: at(config.AGGREGATOR_OPS_PORT),
  }
}

async function get<T>(url: string): Promise<T> {
  const answer = await fetch(url)
  if (!answer.ok) throw new Error(`GET ${url} answered ${answer.status}: ${await answer.text()}`)
  return (await answer.json()) as T
}

/**
 * Waits until the aggregator's asOf has passed the instant (epoch ms) of the last acknowledged order.
 * @throws Error after two minutes, naming the asOf it stands at
 */
export async function waitUntilCounted(urls: Addresses, acknowledgedAt: number): Promise<{ asOf: string; seconds: number }> {
  const began = systemClock.now()
  let asOf: string | null = null
  while (systemClock.now() - began < COUNTED_TIMEOUT_MS) {
    asOf = (await get<{ asOf: string | null }>(`${urls.aggregator}/v1/categories/top?currency=USD&limit=1`)).asOf
    if (asOf !== null && Date.parse(asOf) > acknowledgedAt) return { asOf, seconds: (systemClock.now() - began) / 1000 }
    await wait(200)
  }
  throw new Error(
    `not everything is counted after ${COUNTED_TIMEOUT_MS / 1000} s: as of ${asOf}. See what stands still: make status, make connect-status, make replay-dlq`,
  )
}

/** Totals per category in US dollars within the interval, summed over the aggregator's day buckets. */
export async function countedTotals(urls: Addresses, interval: { from: string; to: string }): Promise<Map<string, CategoryTotal>> {
  type Bucket = { category: string; orders: number; units: number; revenueMinor: number }
  const totals = new Map<string, CategoryTotal>()
  const end = Date.parse(interval.to)
  for (let from = Date.parse(interval.from); from < end; from += YEAR_MS) {
    const query = new URLSearchParams({
      size: 'day',
      currency: 'USD',
      from: new Date(from).toISOString(),
      to: new Date(Math.min(end, from + YEAR_MS)).toISOString(),
    })
    const { buckets } = await get<{ buckets: Bucket[] }>(`${urls.aggregator}/v1/buckets?${query}`)
    for (const { category, orders, units, revenueMinor } of buckets) {
      const total = totals.get(category) ?? { category, orders: 0, units: 0, revenueMinor: 0 }
      total.orders += orders
      total.units += units
      total.revenueMinor += revenueMinor
      totals.set(category, total)
    }
  }
  return totals
}

/** The daily forecast of a category's units, as soon as the forecaster has its history. */
export async function firstForecast(urls: Addresses, category: string): Promise<Forecast> {
  const query = new URLSearchParams({ category, currency: 'USD', size: 'day', measure: 'units', horizon: '14' })
  const began = systemClock.now()
  for (;;) {
    try {
      return await get<Forecast>(`${urls.forecaster}/v1/forecasts?${query}`)
    } catch (error) {
      if (systemClock.now() - began > FORECAST_TIMEOUT_MS) throw error
      await wait(500)
    }
  }
}
