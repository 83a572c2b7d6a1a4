import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import { stack } from '../../test/support/stack.ts'
import { until } from '../../test/support/until.ts'
import { hashOf } from '../merchants/authenticate.ts'
import { runChild, startService } from './child-process.ts'
import { LINE, newOrder } from './orders.ts'
import { fetchDescribed } from './spec.ts'
import type { TestDatabase } from './test-database.ts'
import { createTestDatabase, PASSWORDS, withClient } from './test-database.ts'

const REDIS_PASSWORD = 'redis-hunter2'
const LABELS = [
  'service',
  'method',
  'route',
  'status',
  'outcome',
  'decision',
  'change',
  'why',
  'le',
  'quantile',
  'version',
  'major',
  'minor',
]
/** Of Node and of the process; their names are prom-client's. */
const OF_THE_PROCESS = /^(process|nodejs)_/

describe('what ingest-api tells of itself', () => {
  let database: TestDatabase
  let service: Awaited<ReturnType<typeof startService>>
  let key: string
  const seen = { answers: '', ids: [] as string[], secrets: [] as string[], metrics: '', commandLines: '' }

  /** The command lines of all processes of this machine that name the service or its commands. */
  const commandLines = () =>
    execFileSync('ps', ['-eo', 'args', '-ww'], { encoding: 'utf8' })
      .split('\n')
      .filter((line) => line.includes('ingest-api/'))
      .join('\n')

  async function send(path: string, init: { method?: string; headers?: Record<string, string>; body?: string } = {}, apiKey = key) {
    const headers = { Authorization: `Bearer ${apiKey}`, 'Content-Type': 'application/json', ...init.headers }
    const { answer, text } = await fetchDescribed(service.url, path, { ...init, headers })
    seen.answers += `${[...answer.headers].map((header) => header.join(': ')).join('\n')}\n${text}\n`
    return { status: answer.status, text }
  }
  const post = (order: unknown, apiKey = key) => send('/v1/orders', { method: 'POST', body: JSON.stringify(order) }, apiKey)

  before(async () => {
    database = await createTestDatabase()
    const adding = runChild('add-merchant.ts', ['--name', 'acme'], { DATABASE_URL: database.url('tally_api') })
    await adding.ended
    key = adding.stdout().trim()
    seen.answers += adding.stderr()
    const env = { LOG_LEVEL: 'trace', REDIS_URL: `redis://:${REDIS_PASSWORD}@127.0.0.1:1`, WRONG_KEYS_PER_MINUTE: '3' }
    service = await startService(database.url('tally_api'), env)
    seen.commandLines = commandLines()
    seen.secrets = [key, ...Object.values(PASSWORDS), REDIS_PASSWORD, database.url('tally_api'), hashOf(key).toString('hex')]

    const order = newOrder({ externalOrderId: 'secret-order-77' })
    const { orderId } = JSON.parse((await post(order)).text)
    seen.ids.push(orderId, order.externalOrderId)
    expect((await post(order)).status).to.equal(200)
    expect((await post({ ...order, lines: [LINE, LINE] })).status).to.equal(409)
    expect((await post({})).status).to.equal(422)
    expect((await send(`/v1/orders/${orderId}`)).status).to.equal(200)
    expect((await send('/v1/orders/4711471147114711')).status).to.equal(404)
    expect((await send('/v1/orders?limit=3')).status).to.equal(200)
    expect((await send(`/nothing/${orderId}`)).status).to.equal(404)
    expect((await send('/v1/orders', { method: 'DELETE' })).status).to.equal(405)
    const batch = `${JSON.stringify(newOrder())}\n{"a":1}\n`
    expect(
      (await send('/v1/orders/batch', { method: 'POST', body: batch, headers: { 'Content-Type': 'application/x-ndjson' } })).status,
    ).to.equal(200)
    for (let n = 0; n < 5; n += 1) {
      const wrong = `tally_wrong_key_${n}`
      seen.secrets.push(wrong)
      expect((await post(newOrder(), wrong)).status).to.be.oneOf([401, 429])
    }
    await withClient(stack.database('postgres', 'postgres'), (client) =>
      client.query('select pg_terminate_backend(pid) from pg_stat_activity where datname = $1', [database.name]),
    )
    await until(async () => (await post(newOrder())).status === 201, { what: 'orders are taken again' })
    seen.metrics = await (await fetch(`${service.opsUrl}/metrics`)).text()
    seen.answers += await (await fetch(`${service.opsUrl}/readyz`)).text()
    service.process.kill('SIGTERM')
    expect(await service.ended).to.equal(0)
  })
  after(async () => {
    service?.process.kill('SIGKILL')
    await database?.drop()
  })

  it('is no key and no password: not in logs, answers, metrics or the list of processes', () => {
    const log = service.stdout() + service.stderr()
    expect(log).to.contain('Redis is away').and.contain('node lease')
    expect(seen.commandLines).to.contain('ingest-api/main.ts')
    for (const secret of seen.secrets) {
      for (const [where, text] of Object.entries({ log, answers: seen.answers, metrics: seen.metrics, processes: seen.commandLines }))
        expect(text.includes(secret), `${secret} in ${where}`).to.equal(false)
    }
  })

  it('has no merchant and no order as a label, and labels of few values', () => {
    const series = seen.metrics.split('\n').filter((line) => line !== '' && !line.startsWith('#') && !OF_THE_PROCESS.test(line))
    expect(series.length).to.be.greaterThan(50)
    for (const line of series) {
      for (const [, name] of line.matchAll(/[{,](\w+)="/g)) expect(LABELS, line).to.include(name)
      for (const id of seen.ids) expect(line.includes(id), line).to.equal(false)
    }
    const routes = new Set([...seen.metrics.matchAll(/route="([^"]*)"/g)].map(([, route]) => route))
    expect([...routes]).to.have.members(['/v1/orders', '/v1/orders/:orderId', '/v1/orders/batch', 'none'])
  })

  it('is every metric of the list', () => {
    for (const name of [
      'http_server_request_duration_seconds',
      'ingest_flush_orders',
      'ingest_flush_duration_seconds',
      'ingest_queued_orders',
      'ingest_pool_waiting',
      'ingest_rate_limit_tokens_total',
      'ingest_rate_limits_shared',
      'ingest_orders_total',
      'ingest_refused_total',
      'ingest_slot_retained_bytes',
      'ingest_slot_budget_bytes',
      'ingest_slot_shedding',
      'ingest_database_circuit_open',
      'ingest_database_circuit_opened_total',
      'ingest_outbox_kept_partitions',
      'ingest_outbox_kept_bytes',
      'ingest_outbox_oldest_age_seconds',
      'ingest_outbox_ahead_seconds',
      'ingest_node_lease',
    ])
      expect(seen.metrics, name).to.match(new RegExp(`^# TYPE ${name} `, 'm'))
    expect(seen.metrics).to.match(/^ingest_orders_total\{outcome="repeated".*\} 1$/m)
    expect(seen.metrics).to.match(/^ingest_orders_total\{outcome="conflict".*\} 1$/m)
    expect(seen.metrics).to.match(/^ingest_database_circuit_open\{.*\} 0$/m)
  })
})

describe('the repository', () => {
  it('holds no key of a merchant', () => {
    const root = new URL('../..', import.meta.url)
    const files = execFileSync('git', ['ls-files', '-z'], { cwd: root, encoding: 'utf8' }).split('\0').filter(Boolean)
    const keys = files.filter((file) => /tally_[\w-]{43}\b/.test(readFileSync(new URL(file, root), 'latin1')))
    expect(keys).to.deep.equal([])
  })
})
