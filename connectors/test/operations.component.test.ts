import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { networkInterfaces, tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { stack } from '../../test/support/stack.ts'
import { until } from '../../test/support/until.ts'
import { command, commandsOf } from './support/command.ts'
import { connect, type OwnConnector, openOwnConnector } from './support/own-connector.ts'

describe('operating a connector', () => {
  let own: OwnConnector
  const folder = mkdtempSync(join(tmpdir(), 'offsets-'))
  const database = () => ({ SIGNAL_DATABASE_URL: stack.database('dbz', own.id) })
  const { run, changed } = commandsOf(() => own)

  before(async () => {
    own = await openOwnConnector()
    expect(await run('apply')).to.include({ exitCode: 0 })
    await own.insertEvents(1)
    await until(async () => (await own.eventIds()).length === 1 && (await connect.offsets(own.id))?.offsets[0], { what: 'a stored offset' })
  })

  after(async () => {
    await own.close()
    rmSync(folder, { recursive: true })
  })

  it('shows worker, distance to its source, last event, and WAL held back of what may be', async () => {
    const { stdout, exitCode } = await run('status', database())
    expect(stdout).to.match(/RUNNING +worker \S+:\d+\n/)
    expect(stdout).to.match(/\d+\.\d s behind its source \(has read up to 2\d{3}-.+Z\), last event \d+\.\d s ago/)
    expect(stdout).to.match(/slot active, reserved, keeps \d+\.\d MiB of WAL of 2048 MiB/)
    expect(exitCode).to.equal(0)
    const { connectors } = JSON.parse((await run('status', { ...database(), JSON: '1' })).stdout)
    const mine = connectors.find(({ name }: { name: string }) => name === own.id)
    expect(mine).to.have.nested.property('capture.facts.slot.retainedBytes')
    expect(mine).to.have.nested.property('capture.facts.newestEventMs')
  })

  it('still tells what Connect says while the database is away', async () => {
    const away = { SIGNAL_DATABASE_URL: 'postgres://dbz:dbz-dev@127.0.0.1:1/tally' }
    const { stdout, exitCode } = await run('status', away)
    expect(exitCode).to.equal(1)
    expect(stdout)
      .to.match(/task 0 +RUNNING/)
      .and.contain("the outbox's database does not answer")
  })

  it('names a table that is missing', async () => {
    await own.database.query('alter table dbz_heartbeat rename to dbz_heartbeat_away')
    try {
      const { stdout, exitCode } = await run('status', database())
      expect(exitCode).to.equal(1)
      expect(stdout).to.contain('table-unpublished: the publication order_outbox lacks public.dbz_heartbeat').and.contain('heartbeat-late')
    } finally {
      await own.database.query('alter table dbz_heartbeat_away rename to dbz_heartbeat')
      await run('restart-failed')
    }
  })

  it('refuses an override beyond those of the producer that are allowed', async () => {
    for (const key of ['producer.override.bootstrap.servers', 'producer.override.interceptor.classes']) {
      const { exitCode, stderr } = await run('validate', {}, changed({ [key]: 'x:1' }))
      expect(exitCode, key).to.equal(1)
      expect(stderr).to.contain(`${key} = x:1\n    The 'Allowlist' policy does not allow`)
    }
    const url = `${stack.connectUrl}/connectors/${own.id}/config`
    const body = JSON.stringify({ ...own.connector.config, 'producer.override.bootstrap.servers': '127.0.0.1:1' })
    const answer = await fetch(url, { method: 'PUT', headers: { 'Content-Type': 'application/json' }, body })
    expect(answer.status).to.equal(400)
    expect(await connect.config(own.id)).not.to.have.property('producer.override.bootstrap.servers')
  })

  it('resolves no variable but DBZ_*, and no file', async () => {
    for (const reference of ['env:PATH', 'file:/etc/passwd:root']) {
      const { stderr } = await run('validate', {}, changed({ 'database.user': `\${${reference}}` }))
      expect(stderr).to.contain(`password authentication failed for user "\${${reference}}"`)
    }
  })

  it('offers one connector, on the loopback alone', async () => {
    const plugins = (await (await fetch(`${stack.connectUrl}/connector-plugins`)).json()) as { class: string }[]
    expect(plugins.map((plugin) => plugin.class)).to.deep.equal(['io.debezium.connector.postgresql.PostgresConnector'])
    const elsewhere = Object.values(networkInterfaces()).flatMap((each) => each ?? [])
    for (const { address } of elsewhere.filter(({ internal, family }) => !internal && family === 'IPv4')) {
      const url = `http://${address}:${new URL(stack.connectUrl).port}/`
      expect(await fetch(url, { signal: AbortSignal.timeout(2_000) }).catch(() => 'refused'), url).to.equal('refused')
    }
  })

  it('survives changes by several at once', async () => {
    const every = await Promise.all(['21', '22', '23'].map((ms) => run('apply', {}, changed({ 'poll.interval.ms': ms }))))
    expect(every.map(({ exitCode, stderr }) => ({ exitCode, stderr }))).to.deep.equal(every.map(() => ({ exitCode: 0, stderr: '' })))
    expect(await run('apply')).to.include({ exitCode: 0 })
  })

  it('deletes what this checkout does not know only with PRUNE=1', async () => {
    const stray = await openOwnConnector()
    try {
      expect(await command('apply', [stray.connector])).to.include({ exitCode: 0 })
      const others = (await connect.names()).filter((name) => name !== stray.id && name !== own.id)
      // One that the command is not about is in the checkout all the same.
      const known = [own.connector, ...others.map((name) => ({ name, config: {} }))]
      const left = await run('apply', { CONNECTOR: own.id }, known)
      expect(left.stdout).to.contain(`${stray.id}: runs, but is not in this checkout`).and.contain('PRUNE=1')
      expect(await connect.names()).to.include(stray.id)
      const pruned = await run('apply', { CONNECTOR: own.id, PRUNE: '1' }, known)
      expect(pruned.stdout).to.contain(`${stray.id}: deleted`)
      expect((await connect.names()).sort()).to.deep.equal([own.id, ...others].sort())
    } finally {
      await stray.close()
    }
  })

  it('changes the level of a logger without a restart', async () => {
    const logger = 'io.debezium.heartbeat'
    expect((await run('log-level', { LOGGER: logger, LEVEL: 'DEBUG' })).stdout).to.contain(`${logger}: DEBUG on every worker`)
    await until(async () => (await connect.loggers())[logger]?.level === 'DEBUG', { what: 'the level is DEBUG' })
    expect(JSON.parse((await run('log-level', { LOGGER: logger, JSON: '1' })).stdout)).to.include({ [logger]: 'DEBUG' })
    expect(await run('log-level', { LOGGER: logger, LEVEL: 'INFO' })).to.include({ exitCode: 0 })
    expect((await run('log-level', { LOGGER: logger, LEVEL: 'LOUD' })).stderr).to.contain('LEVEL: is none of TRACE')
  })

  it('keeps offsets in a file, and puts them back or forgets them only when stopped and confirmed', async () => {
    const file = join(folder, 'offsets.json')
    expect(await run('offsets', { BACKUP: file })).to.deep.include({ exitCode: 0, stdout: `${own.id}: in ${file}\n` })
    const kept = JSON.parse(readFileSync(file, 'utf8')).connectors[own.id]
    expect((await run('offsets', { RESTORE: file, YES: '1' })).stderr)
      .to.contain(`${own.id} is RUNNING`)
      .and.contain('make connect-stop')

    await run('stop')
    const changes: Record<string, string>[] = [{ RESTORE: file }, { RESET: '1' }]
    for (const refused of await Promise.all(changes.map((change) => run('offsets', change)))) {
      expect(refused.exitCode).to.equal(4)
      expect(refused.stderr).to.contain('repeat with YES=1')
    }
    expect((await connect.offsets(own.id))?.offsets).to.have.length(1)
    const [meanwhile] = await own.insertEvents(1)
    expect(await run('offsets', { RESET: '1', YES: '1' })).to.include({ exitCode: 0 })
    expect((await connect.offsets(own.id))?.offsets).to.deep.equal([])
    expect(await run('offsets', { RESTORE: file, YES: '1' })).to.include({ exitCode: 0 })
    expect((await connect.offsets(own.id))?.offsets).to.deep.equal(kept)

    await run('offsets', { RESET: '1', YES: '1' })
    expect(await run('resume')).to.include({ exitCode: 0 })
    await until(async () => (await own.eventIds()).includes(meanwhile ?? 0n), { what: 'what was accepted meanwhile' })
  })

  it('refuses a file that is no backup, and two wishes at once', async () => {
    const file = join(folder, 'not.json')
    writeFileSync(file, '{}')
    expect((await run('offsets', { RESTORE: file, YES: '1' })).stderr).to.contain('is not what BACKUP=file writes')
    expect((await run('offsets', { RESTORE: file, RESET: '1' })).stderr).to.contain('do not go together')
  })
})
