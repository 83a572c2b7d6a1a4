import { expect } from 'chai'
import { stack } from '../../test/support/stack.ts'
import { until } from '../../test/support/until.ts'
import { command, commandsOf } from './support/command.ts'
import { connect, type OwnConnector, openOwnConnector } from './support/own-connector.ts'

describe('connector commands', () => {
  let own: OwnConnector
  let accepted: bigint[]
  const { run, changed } = commandsOf(() => own)

  before(async () => {
    own = await openOwnConnector()
    accepted = await own.insertEvents(3)
    const first = await run('apply')
    expect(first, 'the first apply').to.include({ exitCode: 0, stderr: '' })
    expect(first.stdout).to.contain(`${own.id}: created, running\n`)
  })

  after(() => own.close())

  it('deliver what was accepted before the connector first ran', async () => {
    const delivered = await until(async () => (await own.eventIds()).length >= accepted.length && own.eventIds(), { what: 'three events' })
    expect(delivered).to.deep.equal(accepted)
  })

  it('apply the same configuration again without changing anything', async () => {
    const live = await connect.config(own.id)
    const again = await run('apply')
    expect(again.stdout).to.contain(`${own.id}: unchanged, running\n`)
    expect(again.exitCode).to.equal(0)
    expect(await connect.config(own.id)).to.deep.equal(live)
  })

  it('apply a change, and diff shows it before and not after', async () => {
    const wanted = changed({ 'poll.interval.ms': '20' })
    const before = await run('diff', {}, wanted)
    expect(before.exitCode).to.equal(1)
    expect(before.stdout).to.contain(`${own.id}: 1 differ (- live, + wanted)\n  - poll.interval.ms = 15\n  + poll.interval.ms = 20\n`)
    expect((await run('apply', {}, wanted)).stdout).to.contain(`${own.id}: changed, running\n`)
    expect((await run('diff', {}, wanted)).stdout).to.contain(`${own.id}: as wanted\n`)
    expect((await run('apply')).exitCode).to.equal(0)
  })

  it('keep the password out of what Connect shows', async () => {
    const live = JSON.stringify(await connect.config(own.id))
    expect(live).to.contain('env:DBZ_PASSWORD').and.not.contain('dbz-dev')
  })

  it('refuse a password in plain text', async () => {
    const { exitCode, stderr } = await run('apply', {}, changed({ 'database.password': 'dbz-dev' }))
    expect(exitCode).to.equal(1)
    expect(stderr).to.contain('database.password holds a secret in plain text').and.not.contain('dbz-dev')
  })

  it('name each bad key alone, with what is allowed', async () => {
    const bad = changed({ 'snapshot.mode': 'sometimes', 'slot.name': 'Not-A-Slot' })
    for (const verb of ['validate', 'apply']) {
      const { exitCode, stderr } = await run(verb, {}, bad)
      expect(exitCode, verb).to.equal(1)
      expect(stderr).to.match(/snapshot\.mode = sometimes\n.*\n {4}allowed: always, /)
      expect(stderr).to.contain('slot.name = Not-A-Slot').and.not.contain('poll.interval.ms')
    }
    expect(await run('validate')).to.deep.include({ exitCode: 0, stdout: `${own.id}: valid\n` })
  })

  it('name a wrong password as what the database said', async () => {
    const { exitCode, stderr } = await run('validate', {}, changed({ 'database.user': 'tally_reader' }))
    expect(exitCode).to.equal(1)
    expect(stderr).to.contain('password authentication failed for user "tally_reader"')
  })

  it('end with 1 and the root cause when the task fails', async () => {
    const other = await openOwnConnector({ 'publication.name': 'not_there' })
    try {
      const { exitCode, stderr } = await command('apply', [other.connector])
      expect(exitCode).to.equal(1)
      expect(stderr).to.contain(`${other.id} failed: ConnectException: Publication autocreation is disabled`)
      const status = await command('status', [other.connector])
      expect(status.exitCode).to.equal(1)
      expect(status.stdout).to.match(/task 0 +FAILED .*\n +ConnectException: Publication autocreation is disabled/)
      await other.database.query('create publication not_there for table outbox')
      expect(await command('restart-failed', [other.connector])).to.include({ exitCode: 0 })
    } finally {
      await other.close()
    }
  })

  it('tell by the exit code of status whether everything runs', async () => {
    expect((await run('status')).exitCode).to.equal(0)
    expect(await run('pause')).to.include({ exitCode: 0 })
    const paused = await run('status', { JSON: '1' })
    expect(paused.exitCode).to.equal(1)
    expect(JSON.parse(paused.stdout)).to.include({ ok: false })
    expect((await run('apply')).stdout, 'apply keeps it paused').to.contain('paused or stopped')
    expect(await run('resume')).to.include({ exitCode: 0 })
    expect((await run('status')).exitCode).to.equal(0)
  })

  it('deliver after a stop what was accepted meanwhile', async () => {
    expect(await run('stop')).to.include({ exitCode: 0 })
    const [meanwhile] = await own.insertEvents(1)
    expect(await run('resume')).to.include({ exitCode: 0 })
    await until(async () => (await own.eventIds()).includes(meanwhile ?? 0n), { what: 'the event accepted meanwhile' })
  })

  it('show the stored offsets', async () => {
    await own.insertEvents(1)
    const offsets = async () => JSON.parse((await run('offsets', { JSON: '1' })).stdout).offsets
    const stored = await until(async () => (await offsets())[0], { what: 'a stored offset' })
    expect(stored).to.have.nested.property('partition.server', own.id)
  })

  it('send a range of events again, and keep who asked and why', async () => {
    const ids = await own.insertEvents(5)
    await until(async () => (await own.eventIds()).includes(ids[4] ?? 0n), { what: 'five more events' })
    const variables = {
      KAFKA_BROKERS: stack.kafka,
      SIGNAL_DATABASE_URL: stack.database('dbz', own.id),
      FROM: String(ids[1]),
      TO: String(ids[3]),
    }
    expect((await run('reemit', variables)).stderr).to.contain('WHY is missing')
    const { exitCode, stdout } = await run('reemit', { ...variables, WHY: 'a consumer lost its file' })
    expect(stdout).to.contain('3 of 3 events arrived again')
    expect(exitCode).to.equal(0)
    const delivered = await own.eventIds()
    const times = ids.map((id) => delivered.filter((other) => other === id).length)
    expect(times).to.deep.equal([1, 2, 2, 2, 1])
    const { rows } = await own.database.query("select data::json ->> 'why' as why from dbz_signal where type = 'execute-snapshot'")
    expect(rows).to.deep.equal([{ why: 'a consumer lost its file' }])
  })

  it('refuse to send again what is not kept, or what was never there', async () => {
    const variables = { KAFKA_BROKERS: stack.kafka, SIGNAL_DATABASE_URL: stack.database('dbz', own.id), WHY: 'trying' }
    const gone = await run('reemit', { ...variables, FROM: '2024-06-01T00:00:00Z', TO: '2024-06-02T00:00:00Z' })
    expect(gone.exitCode).to.equal(1)
    expect(gone.stderr).to.contain('are not kept in the outbox')
    const [id] = await own.insertEvents(1)
    const none = await run('reemit', { ...variables, FROM: String((id ?? 0n) - 2n), TO: String((id ?? 0n) - 1n) })
    expect(none.exitCode).to.equal(3)
  })

  it('show connectors that this checkout does not know, and leave them alone', async () => {
    const elsewhere = { name: 'elsewhere', config: own.connector.config }
    const { stdout, exitCode } = await run('diff', {}, [elsewhere])
    expect(exitCode).to.equal(1)
    expect(stdout).to.contain('elsewhere: is not there').and.contain(`${own.id}: runs, but is not in this checkout`)
    expect((await run('pause', {}, [elsewhere])).stderr).to.contain('there is no connector elsewhere')
  })

  it('end with 1 and the next command while Connect is away', async () => {
    const verbs = ['apply', 'status', 'offsets', 'log-level']
    const ran = await Promise.all(verbs.map((verb) => run(verb, { CONNECT_URL: 'http://127.0.0.1:1024', WAIT_TIMEOUT_MS: '300' })))
    for (const { exitCode, stderr } of ran) {
      expect(exitCode).to.equal(1)
      expect(stderr).to.contain('Kafka Connect at http://127.0.0.1:1024 does not answer').and.contain('make start S=connect')
    }
  })
})
