import { randomUUID } from 'node:crypto'
import { expect } from 'chai'
import type pg from 'pg'
import { openPool } from '../database/pool.ts'
import type { OrderLine } from '../orders/order.ts'
import type { NewOrder, Placed } from '../orders/place-order.ts'
import { postgresOrders } from '../orders/postgres-orders.ts'
import { LINE } from './orders.ts'
import { silentLog } from './test-api.ts'
import type { TestDatabase } from './test-database.ts'
import { createTestDatabase } from './test-database.ts'

let lastId = 1_000n

function newOrder(lines: OrderLine[] = [LINE], externalOrderId: string = randomUUID()): NewOrder {
  lastId += 2n
  const order = { orderId: lastId, merchantId: 1n, externalOrderId, currency: 'USD', placedAt: 0n, acceptedAt: 0n, totalMinor: 1, lines }
  const trace = { traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00', tracestate: undefined }
  return { order, content: JSON.stringify(lines), event: { eventId: lastId + 1n, payload: Buffer.of(0), trace } }
}

const outcomes = (placed: (Placed | Error)[]) => placed.map((each) => (each instanceof Error ? 'error' : each.outcome))

describe('writing orders to PostgreSQL', () => {
  let database: TestDatabase
  let pool: pg.Pool

  before(async () => {
    database = await createTestDatabase()
    pool = openPool({
      config: { DATABASE_URL: database.url('tally_api'), DATABASE_CONNECTIONS: 4, STATEMENT_TIMEOUT_MS: 5_000 },
      log: silentLog,
    })
  })
  after(async () => {
    await pool?.end()
    await database?.drop()
  })

  /** The pool, but the answer to the first statement never arrives although it was committed. */
  function losingTheFirstAnswer(): pg.Pool {
    let lost = false
    return Object.assign(Object.create(pool), {
      async query(...args: Parameters<pg.Pool['query']>) {
        const answer = await pool.query(...args)
        if (lost) return answer
        lost = true
        throw new Error('Connection terminated unexpectedly')
      },
    })
  }

  it('commits to the disk before it answers, whatever the database is set to', async () => {
    await database.query(`alter database "${database.name}" set synchronous_commit = off`)
    expect(await database.query('show synchronous_commit')).to.deep.equal([{ synchronous_commit: 'off' }])
    const config = { DATABASE_URL: database.url('tally_api'), DATABASE_CONNECTIONS: 1, STATEMENT_TIMEOUT_MS: 5_000 }
    const own = openPool({ config, log: silentLog })
    try {
      expect((await own.query('show synchronous_commit')).rows).to.deep.equal([{ synchronous_commit: 'on' }])
    } finally {
      await own.end()
      await database.query(`alter database "${database.name}" reset synchronous_commit`)
    }
  })

  it('counts as created what was committed though the answer was lost, and writes it once', async () => {
    const repeated = newOrder()
    await postgresOrders(pool)([repeated])
    const orders = [newOrder(), { ...newOrder([LINE], repeated.order.externalOrderId) }, newOrder()]
    const placed = await postgresOrders(losingTheFirstAnswer())(orders)
    expect(outcomes(placed)).to.deep.equal(['created', 'repeated', 'created'])
    const ids = orders.map(({ event }) => event.eventId)
    expect(await database.query('select count(*)::int as n from outbox where id = any ($1)', [ids])).to.deep.equal([{ n: 2 }])
  })

  it('gives each order of one flush its own outcome when several are the same', async () => {
    const id = randomUUID()
    const orders = [newOrder([LINE], id), newOrder([LINE], id), newOrder([{ ...LINE, quantity: 9 }], id), newOrder()]
    const placed = await postgresOrders(pool)(orders)
    expect(outcomes(placed)).to.deep.equal(['created', 'repeated', 'conflict', 'created'])
    expect(placed.slice(0, 3).map((each) => (each instanceof Error ? each : each.order.orderId))).to.deep.equal(
      Array(3).fill(orders[0]?.order.orderId),
    )
  })

  it('fails an order the database refuses alone, not the others of its flush', async () => {
    const placed = await postgresOrders(pool)([newOrder(), newOrder([{ ...LINE, sku: 'a\u0000' }]), newOrder()])
    expect(outcomes(placed)).to.deep.equal(['created', 'error', 'created'])
  })

  it('waits for flushes with the same orders in opposite order without ever deadlocking', async () => {
    const write = postgresOrders(pool)
    const deadlocks = async () =>
      (await database.query<{ n: string }>('select deadlocks as n from pg_stat_database where datname = current_database()'))[0]?.n
    for (let round = 0; round < 10; round += 1) {
      const ids = Array.from({ length: 200 }, () => randomUUID())
      const flushes = [ids, ids.toReversed(), ids, ids.toReversed()].map((order) => write(order.map((id) => newOrder([LINE], id))))
      const all = (await Promise.all(flushes)).flatMap(outcomes)
      expect(all.filter((outcome) => outcome === 'created')).to.have.lengthOf(200)
      expect(all.filter((outcome) => outcome === 'repeated')).to.have.lengthOf(600)
    }
    expect(await deadlocks()).to.equal('0')
  })
})
