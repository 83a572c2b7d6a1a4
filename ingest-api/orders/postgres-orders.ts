// Orders and outbox rows in one statement a flush; each order learns whether it was created, repeated or in conflict.
import { hash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { formatRfc3339 } from '@tally/platform/process/time'
import type pg from 'pg'
import { isAboutOneOrder, saysNothingAboutOrders, unavailableFrom } from '#database/errors'
import type { EarlierOrder, NewOrder, Placed } from './place-order.ts'
import type { OrderRow } from './postgres-rows.ts'
import { ORDER_COLUMNS, orderOf } from './postgres-rows.ts'
import type { Write } from './write-orders.ts'

const INSERT = { name: 'insert-orders', text: readFileSync(new URL('insert-orders.sql', import.meta.url), 'utf8') }

/** Without a name it is planned each time, for the table as large as it is by then. */
const EXISTING = `select ${ORDER_COLUMNS}, content_hash
  from unnest($1::bigint[], $2::text[]) as asked (merchant_id, external_order_id) join orders using (merchant_id, external_order_id)`

/**
 * Writes orders as one transaction; the outcomes in the order of the input.
 * A connection lost or a serialization failure says nothing about the orders: then the same statement runs once more.
 * What the first run committed is found to be there, under the very id given to it, and so counts as created.
 * @throws Unavailable
 */
export function postgresOrders(pool: pg.Pool): Write {
  return async (orders) => {
    try {
      return await attempt(pool, orders).catch((error: unknown) => {
        if (saysNothingAboutOrders(error)) return attempt(pool, orders)
        if (isAboutOneOrder(error)) return eachAlone(pool, orders)
        throw error
      })
    } catch (error) {
      throw unavailableFrom(error)
    }
  }
}

/** A value the database refuses is a fault of ours; it must not take the other orders of the flush with it. */
async function eachAlone(pool: pg.Pool, orders: NewOrder[]): Promise<(Placed | Error)[]> {
  const outcomes: (Placed | Error)[] = []
  for (const order of orders) {
    const outcome = attempt(pool, [order]).catch((error: unknown) => [unavailableFrom(error) as Error])
    outcomes.push(...(await outcome))
  }
  return outcomes
}

async function attempt(pool: pg.Pool, orders: NewOrder[]): Promise<Placed[]> {
  const hashes = orders.map(({ content }) => hashOf(content))
  const { rows } = await pool.query<{ id: string }>({ ...INSERT, values: columns(orders, hashes) })
  const inserted = new Set(rows.map(({ id }) => id))
  const others = orders.filter(({ order }) => !inserted.has(String(order.orderId)))
  const existing =
    others.length === 0
      ? new Map<string, OrderRow>()
      : await findExisting(
          pool,
          others.map(({ order }) => order),
        )
  return orders.map(({ order }, n) => {
    if (inserted.has(String(order.orderId))) return { outcome: 'created', order }
    const row = existing.get(keyOf(order))
    if (row === undefined) throw new Error('an order was neither inserted nor found')
    const found = orderOf(row)
    if (found.orderId === order.orderId) return { outcome: 'created', order }
    return { outcome: outcomeOf(row, hashes[n] as Buffer), order: found }
  })
}

/** An order that is there already. */
export function postgresEarlierOrder(pool: pg.Pool): EarlierOrder {
  return async (merchantId, externalOrderId, content) => {
    const found = await findExisting(pool, [{ merchantId, externalOrderId }]).catch((error: unknown) => {
      throw unavailableFrom(error)
    })
    const [row] = found.values()
    return row && { outcome: outcomeOf(row, hashOf(content)), order: orderOf(row) }
  }
}

const hashOf = (content: string) => hash('sha256', content, 'buffer')

const outcomeOf = (row: OrderRow, contentHash: Buffer) => (row.content_hash.equals(contentHash) ? 'repeated' : 'conflict')

type Key = { merchantId: bigint; externalOrderId: string }

const keyOf = (order: Key) => `${order.merchantId} ${order.externalOrderId}`

async function findExisting(pool: pg.Pool, keys: Key[]): Promise<Map<string, OrderRow>> {
  const values = [keys.map(({ merchantId }) => merchantId), keys.map(({ externalOrderId }) => externalOrderId)]
  const { rows } = await pool.query<OrderRow>(EXISTING, values)
  return new Map(rows.map((row) => [`${row.merchant_id} ${row.external_order_id}`, row]))
}

/** The parameters of insert-orders.sql. */
function columns(orders: NewOrder[], hashes: Buffer[]): unknown[][] {
  const of = (value: (order: NewOrder) => unknown) => orders.map(value)
  return [
    of(({ order }) => order.orderId),
    of(({ order }) => order.merchantId),
    of(({ order }) => order.externalOrderId),
    hashes,
    of(({ order }) => order.currency),
    of(({ order }) => formatRfc3339(order.placedAt)),
    of(({ order }) => formatRfc3339(order.acceptedAt)),
    of(({ order }) => order.totalMinor),
    of(({ order }) => JSON.stringify(order.lines)),
    of(({ event }) => event.eventId),
    of(({ event }) => event.payload),
    of(({ event }) => event.trace.traceparent),
    of(({ event }) => event.trace.tracestate ?? null),
  ]
}
