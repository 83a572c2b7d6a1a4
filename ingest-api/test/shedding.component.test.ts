import { expect } from 'chai'
import { openPool } from '../database/pool.ts'
import { postgresSlot } from '../outbox/postgres-slot.ts'
import { newOrder } from './orders.ts'
import { silentLog, startApi } from './test-api.ts'
import type { TestDatabase } from './test-database.ts'
import { createTestDatabase } from './test-database.ts'

describe('shedding load', () => {
  let database: TestDatabase
  before(async () => {
    database = await createTestDatabase()
  })
  after(() => database?.drop())

  it('refuses new orders with 503 while those that are there can be read', async () => {
    let why: string | undefined
    const api = await startApi({ databaseUrl: database.url('tally_api'), slot: { shedding: () => why } })
    try {
      const key = await database.addMerchant()
      const { body } = await api.post(key, newOrder())
      why = 'Kafka is away.'
      const refused = await api.post(key, newOrder())
      expect([refused.status, refused.headers.get('retry-after'), refused.body.detail]).to.deep.equal([503, '10', why])
      const headers = { Authorization: `Bearer ${key}` }
      expect((await api.request(`/v1/orders/${body.orderId}`, { headers })).status).to.equal(200)
      expect((await api.request('/v1/orders', { headers })).body.data).to.have.lengthOf(1)
    } finally {
      await api.close()
    }
  })

  it('refuses wrong keys with 429 past what one address may send, and goes on with a right one', async () => {
    const api = await startApi({ databaseUrl: database.url('tally_api'), wrongKeysPerMinute: 2 })
    try {
      const list = (apiKey: string) => api.request('/v1/orders', { headers: { Authorization: `Bearer ${apiKey}` } })
      const key = await database.addMerchant()
      expect((await list(key)).status).to.equal(200)
      expect([(await list('wrong1')).status, (await list('wrong2')).status]).to.deep.equal([401, 401])
      const refused = await list('wrong3')
      expect([refused.status, refused.body.type]).to.deep.equal([429, '/problems/too-many-wrong-keys'])
      expect(Number(refused.headers.get('retry-after'))).to.be.within(1, 30)
      expect((await list(key)).status).to.equal(200)
    } finally {
      await api.close()
    }
  })

  it('knows how much WAL a slot holds back, with the rights of the API alone', async () => {
    const config = { DATABASE_URL: database.url('tally_api'), DATABASE_CONNECTIONS: 1, STATEMENT_TIMEOUT_MS: 5_000 }
    const pool = openPool({ config, log: silentLog })
    const slot = database.name
    const read = postgresSlot(pool, slot)
    try {
      expect(await read()).to.equal(undefined)
      await database.query("select pg_create_logical_replication_slot($1, 'pgoutput')", [slot], 'postgres')
      const before = await read()
      expect(before?.walStatus).to.equal('reserved')
      await database.query("create table wal as select repeat('x', 1000) from generate_series(1, 1000)")
      expect((await read())?.retainedBytes).to.be.greaterThan(Number(before?.retainedBytes) + 100_000)
    } finally {
      await pool.end()
      await database.query('select pg_drop_replication_slot($1) from pg_replication_slots where slot_name = $1', [slot], 'postgres')
    }
  })
})
