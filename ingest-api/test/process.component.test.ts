import { expect } from 'chai'
import { until } from '../../test/support/until.ts'
import { runChild, startService } from './child-process.ts'
import { newOrder } from './orders.ts'
import { fetchDescribed } from './spec.ts'
import type { TestDatabase } from './test-database.ts'
import { createTestDatabase, withClient } from './test-database.ts'

const KILLS = 20

describe('the process of ingest-api', () => {
  let database: TestDatabase
  let key: string

  before(async () => {
    database = await createTestDatabase()
    key = await database.addMerchant()
  })
  after(() => database?.drop())

  const post = (url: string, order = newOrder()) =>
    fetchDescribed(url, '/v1/orders', {
      method: 'POST',
      headers: { Authorization: `Bearer ${key}`, 'Content-Type': 'application/json' },
      body: JSON.stringify(order),
    }).then(({ answer: { status }, text }) => ({ status, text }))

  /** Keeps posting, 16 at a time, until `running` turns false; told of every acknowledged order's id. */
  async function load(url: string, running: () => boolean, onAcknowledged: (orderId: string) => void): Promise<void> {
    const work = async () => {
      while (running()) {
        const answer = await post(url)
        if (answer.status === 201) onAcknowledged((JSON.parse(answer.text) as { orderId: string }).orderId)
      }
    }
    // A connection that breaks ends its worker: the process is gone then.
    await Promise.all(Array.from({ length: 16 }, () => work().catch(() => {})))
  }

  it(`has every acknowledged order, and one event for each order, after ${KILLS} kill -9 under load`, async () => {
    const acknowledged: string[] = []
    for (let kill = 0; kill < KILLS; kill += 1) {
      const service = await startService(database.url('tally_api'))
      const killAt = acknowledged.length + 50 + Math.floor(Math.random() * 300)
      await load(
        service.url,
        () => service.process.exitCode === null,
        (orderId) => {
          acknowledged.push(orderId)
          if (acknowledged.length === killAt) service.process.kill('SIGKILL')
        },
      )
      expect(await service.ended).to.equal('SIGKILL')
    }
    const [row] = await database.query<{ orders: number; events: number; pairs: number; missing: number }>(
      `select (select count(*)::int from orders) as orders, (select count(*)::int from outbox) as events,
         (select count(*)::int from orders join outbox on aggregateid = orders.id::text) as pairs,
         (select count(*)::int from unnest($1::bigint[]) as acknowledged (id) where not exists (select from orders o where o.id = acknowledged.id)) as missing`,
      [acknowledged],
    )
    expect(row?.missing).to.equal(0)
    expect(row?.orders).to.be.at.least(acknowledged.length)
    expect([row?.events, row?.pairs]).to.deep.equal([row?.orders, row?.orders])
  }).timeout(600_000)

  it('is not ready from SIGTERM on, answers what it took, and exits with 0', async () => {
    const service = await startService(database.url('tally_api'))
    await withClient(database.url('tally_owner'), async (locker) => {
      await locker.query('begin; lock table orders in exclusive mode')
      const answer = post(service.url)
      await until(
        async () => (await locker.query("select from pg_locks where relation = 'orders'::regclass and not granted")).rowCount === 1,
        { what: 'the order waits for the lock' },
      )
      service.process.kill('SIGTERM')
      const ready = await until(
        async () => {
          const { status, body } = await fetch(`${service.opsUrl}/readyz`).then(async (res) => ({
            status: res.status,
            body: await res.text(),
          }))
          return status === 503 && body
        },
        { what: 'it is not ready any more' },
      )
      expect(JSON.parse(ready).checks.shutdown.ok).to.equal(false)
      await locker.query('rollback')
      expect((await answer).status).to.equal(201)
    })
    expect(await service.ended).to.equal(0)
  })

  it('fails no request in flight when it is told to stop under load', async () => {
    const service = await startService(database.url('tally_api'))
    const statuses: number[] = []
    const broken: unknown[] = []
    const work = async () => {
      for (let stopped = false; !stopped; ) {
        const sent = service.process.killed
        const status = await post(service.url).then(
          (answer) => answer.status,
          (error: unknown) => error,
        )
        if (typeof status === 'number') statuses.push(status)
        else if (!sent) broken.push(status)
        stopped = service.process.killed
        if (statuses.length === 200) service.process.kill('SIGTERM')
      }
    }
    await Promise.all(Array.from({ length: 16 }, work))
    expect(await service.ended).to.equal(0)
    expect(broken).to.deep.equal([])
    expect(new Set(statuses)).to.deep.equal(new Set([201]))
  })

  it('exits with 78 and names every fault when the configuration is bad, without showing values', async () => {
    const child = runChild('main.ts', [], { OPS_LISTEN: 'nowhere', DATABASE_URL: 'mysql://root:hunter2@x', MAX_ORDER_AGE_DAYS: 'week' })
    expect(await child.ended).to.equal(78)
    for (const name of ['LISTEN', 'OPS_LISTEN', 'DATABASE_URL', 'SCHEMA_REGISTRY_URL', 'MAX_ORDER_AGE_DAYS'])
      expect(child.stderr()).to.contain(`  ${name}: `)
    expect(child.stderr() + child.stdout()).to.not.contain('hunter2')
  })

  describe('add-merchant', () => {
    const add = async (...argv: string[]) => {
      const child = runChild('add-merchant.ts', argv, { DATABASE_URL: database.url('tally_api') })
      return { code: await child.ended, stderr: child.stderr(), apiKey: child.stdout().trimEnd().split('\n').at(-1) ?? '' }
    }

    it('prints the key alone; the same name again gets one more key and says so', async () => {
      const first = await add('--name', 'acme', '--rate', '50')
      const second = await add('--name', 'acme', '--burst', '7')
      expect([first.code, second.code]).to.deep.equal([0, 0])
      expect(first.stderr).to.contain('merchant "acme" added')
      expect(second.stderr).to.contain('one more key')
      const stored = await database.query(
        `select rate_per_minute, burst, array(select encode(key_hash, 'hex') from api_keys where merchant_id = id order by created_at) as hashes
         from merchants where name = 'acme'`,
      )
      const hash = async (apiKey: string) =>
        (await database.query<{ hex: string }>("select encode(sha256(convert_to($1, 'UTF8')), 'hex') as hex", [apiKey]))[0]?.hex
      expect(stored).to.deep.equal([{ rate_per_minute: 50, burst: 7, hashes: [await hash(first.apiKey), await hash(second.apiKey)] }])
    })

    it('explains itself when it is called wrongly', async () => {
      for (const argv of [[], ['--name', ''], ['--name', 'a', '--rate', 'fast'], ['--nme', 'a']]) {
        const { code, stderr } = await add(...argv)
        expect(code).to.equal(1)
        expect(stderr).to.contain('usage: add-merchant.ts --name NAME')
      }
    })
  })
})
