import { expect } from 'chai'
import pg from 'pg'
import { stack } from '../../test/support/stack.ts'
import { until } from '../../test/support/until.ts'
import { newOrder } from './orders.ts'
import type { Answer, TestApi } from './test-api.ts'
import { startApi } from './test-api.ts'
import type { TestDatabase } from './test-database.ts'
import { createTestDatabase, withClient } from './test-database.ts'

describe('the orders API when the database is slow, restarts or is away', () => {
  let database: TestDatabase
  let key: string
  let api: TestApi | undefined
  let locker: pg.Client

  before(async () => {
    database = await createTestDatabase()
    key = await database.addMerchant()
  })
  beforeEach(async () => {
    locker = new pg.Client({ connectionString: database.url('tally_owner') })
    await locker.connect()
  })
  afterEach(async () => {
    await locker.end()
    await api?.close()
    api = undefined
  })
  after(() => database?.drop())

  const start = async (options: Omit<Parameters<typeof startApi>[0], 'databaseUrl'> = {}) => {
    const started = await startApi({ databaseUrl: database.url('tally_api'), ...options })
    api = started
    await until(async () => (await started.post(key, newOrder())).status === 201, { what: 'an order is taken' })
    return started
  }
  const waitingForLock = (n: number) =>
    until(
      async () => {
        const [row] = await database.query<{ n: number }>(
          `select count(*)::int as n from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
          [],
          'postgres',
        )
        return row?.n === n
      },
      { what: `${n} statements wait for the lock` },
    )
  const lockOrders = () => locker.query('begin; lock table orders in exclusive mode')
  /** Of the sessions with that name: ends them all, or tells their process ids. */
  const sessions = (what: 'pid' | 'pg_terminate_backend(pid)', name = 'tally-ingest-api') =>
    withClient(stack.database('postgres', 'postgres'), async (client) => {
      const { rows } = await client.query(`select ${what} as it from pg_stat_activity where datname = $1 and application_name = $2`, [
        database.name,
        name,
      ])
      return rows.map(({ it }) => it as unknown)
    })
  const terminate = () => sessions('pg_terminate_backend(pid)')
  const rows = async () =>
    (
      await database.query<{ orders: number; events: number }>(
        'select (select count(*)::int from orders) as orders, (select count(*)::int from outbox) as events',
      )
    )[0]

  function expectUnavailable({ status, headers, body }: Answer): void {
    expect({ status, type: body.type }).to.deep.equal({ status: 503, type: '/problems/unavailable' })
    expect(Number(headers.get('retry-after'))).to.be.greaterThan(0)
  }

  it('refuses what does not fit into the queue at once, and takes all that does', async () => {
    const { post } = await start({ maxQueued: 3 })
    await lockOrders()
    const underWay = [post(key, newOrder())]
    await waitingForLock(1)
    const answers: Answer[] = []
    const others = Array.from({ length: 10 }, async () => {
      const answer = await post(key, newOrder())
      answers.push(answer)
      return answer
    })
    await until(() => answers.length === 7, { what: 'seven are refused while the database stands still' })
    for (const answer of answers) expectUnavailable(answer)
    await locker.query('rollback')
    expect((await Promise.all(underWay)).map(({ status }) => status)).to.deep.equal([201])
    expect((await Promise.all(others)).filter(({ status }) => status === 201)).to.have.lengthOf(3)
  })

  it('answers 503 when a statement takes too long, and nothing of it is written later', async () => {
    const { post } = await start({ statementTimeoutMs: 1_000 })
    const before = await rows()
    await lockOrders()
    const order = newOrder()
    expectUnavailable(await post(key, order))
    await locker.query('rollback')
    expect(await rows()).to.deep.equal(before)
    expect((await post(key, order)).status).to.equal(201)
  })

  it('settles an order whose connection is lost under way by itself: one row, one event, 201', async () => {
    const { post } = await start()
    const before = await rows()
    await lockOrders()
    const answer = post(key, newOrder())
    await waitingForLock(1)
    await terminate()
    await locker.query('rollback')
    expect((await answer).status).to.equal(201)
    expect(await rows()).to.deep.equal({ orders: Number(before?.orders) + 1, events: Number(before?.events) + 1 })
  })

  it('answers 503 while the database lets nobody in, and goes on by itself afterwards', async () => {
    const { post, request } = await start()
    const allow = (allowed: boolean) =>
      withClient(stack.database('postgres', 'postgres'), (client) =>
        client.query(`alter database "${database.name}" allow_connections ${allowed}`),
      )
    await allow(false)
    try {
      await terminate()
      expectUnavailable(await post(key, newOrder()))
      expectUnavailable(await request('/v1/orders', { headers: { Authorization: `Bearer ${key}` } }))
      expectUnavailable(await request('/v1/orders', { headers: { Authorization: 'Bearer another-key' } }))
    } finally {
      await allow(true)
    }
    expect((await post(key, newOrder())).status).to.equal(201)
  })

  it('mints under another lease when the session that held the first one is killed', async () => {
    const { post, registry } = await start()
    const LEASE = 'tally-ingest-api-lease'
    const [first] = await sessions('pid', LEASE)
    await sessions('pg_terminate_backend(pid)', LEASE)
    await until(async () => ![undefined, first].includes((await sessions('pid', LEASE))[0]), { what: 'another session holds a lease' })
    await until(async () => /ingest_node_lease\{[^}]*\} \d/.test(await registry.metrics()), { what: 'ids are minted under it' })
    expect((await post(key, newOrder())).status).to.equal(201)
  })

  it('answers everything it took before it closes, and tells the connections to close', async () => {
    const { post, close } = await start()
    api = undefined
    await lockOrders()
    const answer = post(key, newOrder())
    await waitingForLock(1)
    const closed = close()
    await locker.query('rollback')
    const { status, headers } = await answer
    expect([status, headers.get('connection')]).to.deep.equal([201, 'close'])
    await closed
  })
})
