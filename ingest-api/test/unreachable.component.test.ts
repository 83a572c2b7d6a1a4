import { expect } from 'chai'
import { until } from '../../test/support/until.ts'
import { databaseAnswers, openPool } from '../src/postgres-pool.ts'
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
    const other = openPool({ config: { DATABASE_URL: way.url, DATABASE_CONNECTIONS: 1, STATEMENT_TIMEOUT_MS: 500 }, log: silentLog })
    try {
      expect((await api.post(key, newOrder())).status).to.equal(201)
      way.swallow()
      // It is never time for a probe, which would wait.
      now = Date.now()
      expect((await api.post(key, newOrder())).status).to.equal(503)
      let waited = false
      const waiting = databaseAnswers(other).then(() => {
        waited = true
      })
      const answers = await Promise.all(Array.from({ length: 50 }, () => api.post(key, newOrder())))
      expect(waited, 'one attempt to connect ended before fifty answers').to.equal(false)
      for (const { status, headers, body } of answers) {
        expect([status, headers.get('retry-after')]).to.deep.equal([503, '1'])
        expect(body.detail).to.contain('database is not available')
      }
      const circuit = async () => /^ingest_database_circuit_open\{.*\} (\d)$/m.exec(await api.registry.metrics())?.[1]
      expect(await circuit()).to.equal('1')
      await waiting
      way.open()
      now = undefined
      await until(async () => (await api.post(key, newOrder())).status === 201, { what: 'an order is taken', timeoutMs: 10_000 })
      expect(await circuit()).to.equal('0')
      expect(await api.registry.metrics()).to.match(/^ingest_database_circuit_opened_total\{.*\} [1-9]/m)
    } finally {
      way.open()
      await other.end()
      await api.close()
    }
  })

  it('is not ready meanwhile', async () => {
    const pool = openPool({ config: { DATABASE_URL: way.url, DATABASE_CONNECTIONS: 2, STATEMENT_TIMEOUT_MS: 500 }, log: silentLog })
    try {
      expect(await databaseAnswers(pool)).to.equal(undefined)
      way.swallow()
      expect(await databaseAnswers(pool)).to.contain('timeout')
      const begun = performance.now()
      expect(await databaseAnswers(pool)).to.contain('not available')
      expect(performance.now() - begun).to.be.below(100)
      way.open()
      await until(async () => (await databaseAnswers(pool)) === undefined, { what: 'the database answers' })
    } finally {
      way.open()
      await pool.end()
    }
  })
})
