import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { freePort } from '../../ops/test/support/free-port.ts'
import { childEnvironment } from '../../test/support/config.ts'
import { stack } from '../../test/support/stack.ts'
import { until } from '../../test/support/until.ts'
import { command } from './support/command.ts'
import { type OwnConnector, openOwnConnector } from './support/own-connector.ts'

const main = new URL('../guard.ts', import.meta.url).pathname

describe('connect-guard', () => {
  let own: OwnConnector
  let guard: ChildProcess
  let url: string
  const folder = mkdtempSync(join(tmpdir(), 'guard-'))

  before(async () => {
    own = await openOwnConnector()
    expect(await command('apply', [own.connector])).to.include({ exitCode: 0 })
    writeFileSync(join(folder, `${own.id}.json`), JSON.stringify(own.connector.config))
    const port = await freePort()
    url = `http://127.0.0.1:${port}`
    const env = childEnvironment({
      OPS_LISTEN: `127.0.0.1:${port}`,
      CONNECT_URL: stack.connectUrl,
      CONNECTORS_FOLDER: folder,
      SIGNAL_DATABASE_URL: stack.database('dbz', own.id),
      LOOK_EVERY_MS: '200',
      LOG_LEVEL: 'silent',
    })
    guard = spawn(process.execPath, [main], { env, stdio: 'inherit' })
    await until(async () => (await fetch(`${url}/readyz`)).ok, { what: 'the guard is ready' })
  })

  after(async () => {
    guard.kill('SIGTERM')
    const [code] = await once(guard, 'exit')
    rmSync(folder, { recursive: true })
    await own.close()
    expect(code).to.equal(0)
  })

  const ready = async () => {
    const answer = await fetch(`${url}/readyz`)
    const { checks } = (await answer.json()) as { checks: Record<string, { ok: boolean; why?: string }> }
    return { ok: answer.ok, why: (check: string) => checks[check]?.why }
  }
  const metric = async (line: string) => (await (await fetch(`${url}/metrics`)).text()).split('\n').find((text) => text.startsWith(line))
  const sign = async (name: string) => (await metric(`connect_guard_sign{connector="${own.id}",sign="${name}"`))?.split(' ').at(-1)
  const tells = (name: string) => until(async () => (await sign(name)) === '1' && (await ready()).why(name), { what: `it tells ${name}` })
  const isOver = (name: string) => until(async () => (await sign(name)) === '0' && (await ready()).ok, { what: `${name} is over` })

  it('measures the distance to the source and what the slot holds back of its budget', async () => {
    await own.insertEvents(1)
    const value = async (name: string) => Number((await metric(`${name}{connector="${own.id}"`))?.split(' ').at(-1))
    await until(async () => (await value('connect_behind_source_seconds')) < 60, { what: 'it is close to its source' })
    await until(async () => (await value('connect_last_event_age_seconds')) < 60, { what: 'the last event is young' })
    expect(await value('connect_slot_retained_bytes')).to.be.greaterThan(0)
    expect(await value('connect_slot_budget_bytes')).to.be.greaterThan(1e9)
    expect(await value('connect_running')).to.equal(1)
  })

  it('is not ready while a table is not published, and says the way back', async () => {
    await own.database.query('alter publication order_outbox drop table dbz_signal')
    expect(await tells('table-unpublished'))
      .to.contain('lacks public.dbz_signal')
      .and.contain('alter publication order_outbox add table')
    await own.database.query('alter publication order_outbox add table dbz_signal')
    await isOver('table-unpublished')
  })

  it('stays ready while someone holds the connector, and tells it by a metric', async () => {
    await command('stop', [own.connector])
    await until(async () => (await sign('held')) === '1', { what: 'it sees that the connector is held' })
    expect((await ready()).ok).to.equal(true)
  })

  it('is not ready without the slot, until it is recovered', async () => {
    const free = 'select pg_drop_replication_slot(slot_name) from pg_replication_slots where slot_name = $1 and not active'
    await until(async () => (await own.database.query(free, [own.id])).rowCount === 1, { what: 'the slot is dropped' })
    expect(await tells('slot-missing'))
      .to.contain('nothing is sent any more')
      .and.contain('make connect-recover')
    const variables = { KAFKA_BROKERS: stack.kafka, SIGNAL_DATABASE_URL: stack.database('dbz', own.id), WHY: 'dropped by hand' }
    expect(await command('recover', [own.connector], variables)).to.include({ exitCode: 0 })
    await isOver('slot-missing')
  })
})
