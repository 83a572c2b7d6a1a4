import { setImmediate as turn } from 'node:timers/promises'
import { expect } from 'chai'
import { until } from '../../test/support/until.ts'
import { databaseAnswers, openPool } from '../database/pool.ts'
import type { BlackHole } from './black-hole.ts'
import { blackHole } from './black-hole.ts'
import { newOrder } from './orders.ts'
import { silentLog, startApi } from './test-api.ts'
import type { TestDatabase } from './test-database.ts'
import { createTestDatabase } from './test-database.ts'

describe('the orders API when the database is out of reach', () => {
  let database: TestDatabase
  let way: BlackHole

  before(async () => {
    database = await createTestDatabase()
    way = await blackHole(database.url('tally_api'))
  })
  after(async () => {
    await way?.close()
    await database?.drop()
  })
  afterEach(() => way.open())

  it('finds out once, then answers 503 at once, and takes orders again by itself', async () => {
    const key = await database.addMerchant()
    let now: number | undefined
    const api = await startApi({ databaseUrl: way.url, statementTimeoutMs: 500, poolClock: { now: () => now ?? Date.now() } })
    /** Connections of the pool that were tried in vain. */
    const tried = () => way.heard().split('\0tally-ingest-api\0').length - 1
    try {
      await until(async () => (await api.post(key, newOrder())).status === 201, { what: 'an order is taken' })
      way.swallow()
      // It is never time for a probe, which would wait.
      now = Date.now()
      expect((await api.post(key, newOrder())).status).to.equal(503)
      const before = tried()
      const answers = await Promise.all(Array.from({ length: 50 }, () => api.post(key, newOrder())))
      expect(tried()).to.equal(before)
      for (const { status, headers, body } of answers) {
        expect([status, headers.get('retry-after')]).to.deep.equal([503, '1'])
        expect(body.detail).to.contain('database is not available')
      }
      const circuit = async () => /^ingest_database_circuit_open\{.*\} (\d)$/m.exec(await api.registry.metrics())?.[1]
      expect(await circuit()).to.equal('1')
      way.open()
      now = undefined
      await until(async () => (await api.post(key, newOrder())).status === 201, { what: 'an order is taken again' })
      expect(await circuit()).to.equal('0')
      expect(await api.registry.metrics()).to.match(/^ingest_database_circuit_opened_total\{.*\} [1-9]/m)
    } finally {
      way.open()
      await api.close()
    }
  })

  it('is not ready meanwhile', async () => {
    let now: number | undefined
    const config = { DATABASE_URL: way.url, DATABASE_CONNECTIONS: 2, STATEMENT_TIMEOUT_MS: 500 }
    const pool = openPool({ config, log: silentLog, clock: { now: () => now ?? Date.now() } })
    try {
      await until(async () => (await databaseAnswers(pool)) === undefined, { what: 'the database answers' })
      way.swallow()
      // It is never time for a probe, which would wait.
      now = Date.now()
      expect(await databaseAnswers(pool)).to.contain('timeout')
      expect(await Promise.race([databaseAnswers(pool), turn('later')])).to.contain('not available')
      way.open()
      now = undefined
      await until(async () => (await databaseAnswers(pool)) === undefined, { what: 'the database answers' })
    } finally {
      way.open()
      await pool.end()
    }
  })
})
