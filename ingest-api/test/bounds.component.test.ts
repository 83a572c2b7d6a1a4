import type { Socket } from 'node:net'
import { expect } from 'chai'
import pg from 'pg'
import { until } from '../../test/support/until.ts'
import { newOrder } from './orders.ts'
import { talkTo } from './raw-http.ts'
import type { TestApi } from './test-api.ts'
import { startApi } from './test-api.ts'
import type { TestDatabase } from './test-database.ts'
import { createTestDatabase } from './test-database.ts'

describe('the bounds of the orders API', () => {
  let database: TestDatabase
  let key: string
  let api: TestApi

  before(async () => {
    database = await createTestDatabase()
    key = await database.addMerchant()
  })
  afterEach(() => api?.close())
  after(() => database?.drop())

  const start = async (config: Parameters<typeof startApi>[0]['config'], more: Partial<Parameters<typeof startApi>[0]> = {}) => {
    api = await startApi({ databaseUrl: database.url('tally_api'), ...more, config })
    return api
  }
  const head = (path: string, more: string[] = []) =>
    [
      `POST ${path} HTTP/1.1`,
      'Host: tally',
      `Authorization: Bearer ${key}`,
      `Content-Type: application/${path.endsWith('batch') ? 'x-ndjson' : 'json'}`,
      'Content-Length: 300',
      'Connection: close',
      ...more,
      '',
      '',
    ].join('\r\n')
  /** Sends a head without its body, and waits until the server has said that it wants one. */
  async function headArrived(path: string) {
    const arrived = Promise.withResolvers<Socket>()
    const answers = talkTo(api.port, (socket) => {
      socket.once('data', () => arrived.resolve(socket))
      socket.write(head(path, ['Expect: 100-continue']))
    })
    return { socket: await arrived.promise, answers }
  }
  const refused = async (why: string) => {
    const text = await api.registry.metrics()
    return Number(new RegExp(`^ingest_refused_total\\{why="${why}"[^}]*\\} (\\d+)`, 'm').exec(text)?.[1] ?? 0)
  }

  for (const [path, config, why] of [
    ['/v1/orders', { MAX_CONCURRENT_REQUESTS: 1 }, 'requests'],
    ['/v1/orders/batch', { MAX_CONCURRENT_BATCHES: 1 }, 'batches'],
  ] as const) {
    it(`refuse one more POST ${path} before its body is sent, while the one before still waits for its own`, async () => {
      await start(config)
      const order = JSON.stringify(newOrder()).padEnd(300)
      const first = await headArrived(path)
      // Nothing but a head is sent: were the refusal to wait for a body, for a turn or for a database, there would be none.
      const [answer] = await until(
        async () => {
          const answers = await Promise.race([talkTo(api.port, (socket) => socket.write(head(path))), first.answers])
          return answers[0]?.status === 503 && answers
        },
        { what: 'one more is refused' },
      )
      expect(answer?.headers.get('retry-after')).to.equal('1')
      expect(await refused(why)).to.be.at.least(1)
      expect((await api.request('/v1/orders', { headers: { Authorization: `Bearer ${key}` } })).status).to.equal(200)
      first.socket.write(order)
      expect((await first.answers)[0]?.status).to.be.oneOf([200, 201])
    })
  }

  it('refuse one more order while as many are being placed as may be; wrong keys and limited merchants are told so', async () => {
    await start({ MAX_PLACING_ORDERS: 1 })
    const limited = await database.addMerchant({ perMinute: 1, burst: 1 })
    expect((await api.post(limited, newOrder())).status).to.equal(201)
    const before = await api.post(key, newOrder())
    expect(before.status).to.equal(201)
    const policy = before.headers.get('ratelimit-policy')
    const locker = new pg.Client({ connectionString: database.url('tally_owner') })
    await locker.connect()
    try {
      await locker.query('begin; lock table orders in exclusive mode')
      const first = api.post(key, newOrder())
      const answer = await until(
        async () => {
          const more = await Promise.race([api.post(key, newOrder(), { 'X-Request-Id': 'mine' }), first])
          return more.status === 503 && more
        },
        { what: 'one more is refused' },
      )
      expect([answer.headers.get('retry-after'), answer.headers.get('x-request-id')]).to.deep.equal(['1', 'mine'])
      expect(answer.headers.get('ratelimit-policy')).to.equal(policy)
      expect(answer.headers.get('ratelimit')).to.match(/^"orders"; r=\d+; t=\d+$/)
      expect([answer.body.type, answer.body.requestId]).to.deep.equal(['/problems/unavailable', 'mine'])
      expect(await refused('placing')).to.be.at.least(1)
      expect(await api.registry.metrics()).to.match(/^http_server_request_duration_seconds_count\{.*status="503".*\} [1-9]/m)
      expect((await api.post('wrong', newOrder())).status).to.equal(401)
      expect((await api.post(limited, newOrder())).status).to.equal(429)
      expect((await api.request('/v1/orders', { headers: { Authorization: `Bearer ${key}` } })).status).to.equal(200)
      await locker.query('rollback')
      expect((await first).status).to.equal(201)
    } finally {
      await locker.end()
    }
  })

  it('come behind the rate limit: who is past it is told so', async () => {
    await start({ MAX_CONCURRENT_REQUESTS: 1 })
    const limited = await database.addMerchant({ perMinute: 1, burst: 1 })
    expect((await api.post(limited, newOrder())).status).to.equal(201)
    const first = await headArrived('/v1/orders')
    await until(async () => (await api.post(key, newOrder())).status === 503, { what: 'no more fits' })
    expect((await api.post(limited, newOrder())).status).to.equal(429)
    first.socket.end()
    await first.answers
  })

  it('end the wait for an answer; the order is there or not, and sending it again tells', async () => {
    // Nothing else ends the wait: the database may take a minute.
    await start({ REQUEST_DEADLINE_MS: 200 }, { statementTimeoutMs: 60_000 })
    const locker = new pg.Client({ connectionString: database.url('tally_owner') })
    await locker.connect()
    try {
      await locker.query('begin; lock table orders in exclusive mode')
      const order = newOrder()
      const late = await api.post(key, order)
      expect([late.status, late.headers.get('retry-after')]).to.deep.equal([503, '1'])
      await locker.query('rollback')
      await until(async () => (await api.post(key, order)).status === 200, { what: 'the order is told to be there' })
      const [row] = await database.query<{ n: number }>('select count(*)::int as n from orders where external_order_id = $1', [
        order.externalOrderId,
      ])
      expect(row?.n).to.equal(1)
    } finally {
      await locker.end()
    }
  })

  describe('of wrong keys by address', () => {
    const wrong = async (forwardedFor: string) =>
      (await api.request('/v1/orders', { headers: { Authorization: 'Bearer wrong', 'X-Forwarded-For': forwardedFor } })).status

    it('do not believe X-Forwarded-For by themselves', async () => {
      await start({}, { wrongKeysPerMinute: 2 })
      expect([await wrong('192.0.2.1'), await wrong('192.0.2.2'), await wrong('192.0.2.3')]).to.deep.equal([401, 401, 429])
    })

    it('believe as many proxies as they are told of, and nothing that the client wrote before them', async () => {
      await start({ TRUST_PROXY_HOPS: 1 }, { wrongKeysPerMinute: 2 })
      expect([await wrong('192.0.2.1'), await wrong('192.0.2.2'), await wrong('192.0.2.3')]).to.deep.equal([401, 401, 401])
      expect([await wrong('198.51.100.1, 192.0.2.1'), await wrong('198.51.100.2, 192.0.2.1')]).to.deep.equal([401, 429])
    })
  })
})
