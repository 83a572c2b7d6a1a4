import { firstTsidAt } from '@tally/platform/process/ids'
import { expect } from 'chai'
import { stack } from '../../test/support/stack.ts'
import { until } from '../../test/support/until.ts'
import { command, untilStatusIsGood } from './support/command.ts'
import { connect, type OwnConnector, openOwnConnector } from './support/own-connector.ts'

const DAY_MS = 86_400_000

describe('recovering a connector', () => {
  let own: OwnConnector
  const run = (verb: string, variables: Record<string, string> = {}) =>
    command(verb, [own.connector], { KAFKA_BROKERS: stack.kafka, SIGNAL_DATABASE_URL: stack.database('dbz', own.id), ...variables })
  const delivered = (ids: bigint[], what: string) =>
    until(async () => ids.every((id) => seen.has(id)) || (await look(ids)), { what: `${what} on the topic` })
  const seen = new Set<bigint>()
  const look = async (ids: bigint[]) => {
    for (const id of await own.eventIds()) seen.add(id)
    return ids.every((id) => seen.has(id))
  }
  const slot = (sql: string) => own.database.query(sql, [own.id])
  /** Only then has the task ended: Connect calls a connector stopped before. */
  const slotIsFree = () =>
    until(async () => (await slot('select from pg_replication_slots where slot_name = $1 and not active')).rowCount, {
      what: 'the slot is free',
    })
  const dropSlot = () =>
    until(
      async () =>
        (await slot('select pg_drop_replication_slot(slot_name) from pg_replication_slots where slot_name = $1 and not active'))
          .rowCount === 1,
      {
        what: 'the slot can be dropped',
      },
    )

  beforeEach(async () => {
    own = await openOwnConnector()
    expect(await run('apply')).to.include({ exitCode: 0, stderr: '' })
    await delivered(await own.insertEvents(2), 'what came before')
    await until(async () => (await connect.offsets(own.id))?.offsets[0], { what: 'a stored offset' })
  })

  afterEach(async () => {
    await own.close()
    seen.clear()
  })

  it('is refused while nothing is lost', async () => {
    await untilStatusIsGood(() => run('status'))
    const refused = await run('recover', { WHY: 'trying' })
    expect(refused.exitCode).to.equal(1)
    expect(refused.stderr).to.contain('has lost nothing')
    expect((await run('recover')).stderr).to.contain('WHY is missing')
  })

  it('comes past an update of the outbox by what the status and its own refusal say, and nothing is missing', async () => {
    await own.database.query('update outbox set tracestate = null where id = (select max(id) from outbox)')
    const behind = await own.insertEvents(3)
    await until(async () => (await run('status')).stdout.includes('Unexpected update'), { what: 'the task failed over the update' })
    const refused = await run('recover', { WHY: 'an update' })
    expect(refused.exitCode).to.equal(1)
    const [, from = ''] = /make connect-recover FROM=(\S+) YES=1/.exec(refused.stderr) ?? []
    const unsure = await run('recover', { WHY: 'an update', FROM: from })
    expect(unsure.exitCode).to.equal(4)
    expect(unsure.stderr).to.contain('repeat with YES=1')
    const late = await run('recover', { WHY: 'an update', FROM: new Date().toISOString(), YES: '1' })
    expect(late.exitCode).to.equal(1)
    expect(late.stderr).to.contain(`FROM=${from}`)

    expect(await run('recover', { WHY: 'an update', FROM: from, YES: '1' })).to.include({ exitCode: 0, stderr: '' })
    expect(await look(behind)).to.equal(true)
    await untilStatusIsGood(() => run('status'))
  })

  it('is refused, and says what to look for, while another one runs', async () => {
    await own.database.query("select pg_advisory_lock(hashtext('outbox partitions'))")
    const refused = await run('recover', { WHY: 'a second one', WAIT_TIMEOUT_MS: '300' })
    expect(refused.exitCode).to.equal(1)
    expect(refused.stderr).to.contain('does another make connect-recover run?')
  })

  it('brings back what was accepted while the slot was gone', async () => {
    await run('stop')
    await dropSlot()
    const missed = await own.insertEvents(3)
    const status = await run('status')
    expect(status.exitCode).to.equal(1)
    expect(status.stdout).to.contain('slot-missing').and.contain('make connect-recover')
    expect((await run('apply')).stderr, 'apply would skip events').to.contain('there is no replication slot')

    const recovered = await run('recover', { WHY: 'dropped by hand' })
    expect(recovered.stderr).to.equal('')
    expect(recovered.exitCode).to.equal(0)
    expect(await look(missed)).to.equal(true)
    await delivered(await own.insertEvents(1), 'what came after')
    expect((await run('diff')).stdout).to.contain(`${own.id}: as wanted`)
    await untilStatusIsGood(() => run('status'))
  })

  it('brings back what a slot moved by hand skipped', async () => {
    await run('stop')
    const missed = await own.insertEvents(3)
    await slotIsFree()
    await slot('select pg_replication_slot_advance($1, pg_current_wal_lsn())')
    expect((await run('status')).stdout).to.contain('slot-ahead')

    expect(await run('recover', { WHY: 'moved by hand' })).to.include({ exitCode: 0, stderr: '' })
    expect(await look(missed)).to.equal(true)
  })

  it('lets no heartbeat pass before the gap is closed, and is begun again after it broke off', async () => {
    await run('stop')
    await dropSlot()
    const missed = await own.insertEvents(1)
    const beat = async () => (await own.database.query('select at from dbz_heartbeat')).rows[0]?.at.getTime()
    const before = await beat()
    // The signal is never answered: a recovery that does not get to its end.
    await own.database.query('alter table dbz_signal rename to dbz_signal_away')
    expect((await run('recover', { WHY: 'breaking off' })).exitCode).to.equal(1)
    expect(await beat()).to.equal(before)
    expect((await run('apply')).stderr).to.contain('a recovery began and did not finish')
    await own.database.query('alter table dbz_signal_away rename to dbz_signal')

    const again = await run('recover', { WHY: 'once more' })
    expect(again.stdout).to.contain('a recovery did not finish: beginning it again').and.contain('the gap is closed')
    expect(await look(missed)).to.equal(true)
    await until(async () => (await beat()) > before, { what: 'heartbeats again' })
  })

  it('brings back what was unsent for longer than the retention, which nothing drops before; later it says that it is gone', async () => {
    await run('stop')
    await dropSlot()
    const day = new Date(Date.now() - 12 * DAY_MS).toISOString().slice(0, 10)
    const partition = `outbox_${day.replaceAll('-', '')}`
    await own.database.query(`create table ${partition} (like outbox including all)`)
    const start = firstTsidAt(Date.parse(day))
    await own.database.query(
      `alter table outbox attach partition ${partition} for values from (${start}) to (${firstTsidAt(Date.parse(day) + DAY_MS)})`,
    )
    const missed = await own.insertEvents(3, (n) => start + BigInt(n))
    let dropped = 0
    const care = async () => {
      dropped += (await own.database.query('select drop_outbox_partitions(8, $1) as count', [own.id])).rows[0].count
      return dropped
    }
    expect(await care(), 'without a slot that has confirmed it').to.equal(0)

    let ended = false
    const recovered = run('recover', { WHY: 'away too long', FROM: `${day}T00:00:00Z` }).finally(() => {
      ended = true
    })
    await until(async () => (await care()) >= 0 && ended, { what: 'the end of the recovery', timeoutMs: 90_000 })
    expect(await recovered).to.include({ exitCode: 0, stderr: '' })
    expect(await look(missed)).to.equal(true)

    await until(async () => (await care()) === 1, { what: 'it is dropped, having been sent' })
    await run('stop')
    await connect.put({ name: own.id, config: { ...own.connector.config, 'recovering.from': String(start) } })
    const refused = await run('recover', { WHY: 'once more' })
    expect(refused.exitCode).to.equal(1)
    expect(refused.stderr).to.contain('the outbox keeps no event before').and.contain('make connect-recover FROM=')
  })

  it('names a publication that lacks the outbox', async () => {
    await own.database.query('alter publication order_outbox drop table dbz_signal')
    const { exitCode, stdout } = await run('status')
    expect(exitCode).to.equal(1)
    expect(stdout).to.contain('table-unpublished: the publication order_outbox lacks public.dbz_signal')
  })

  it('names a heartbeat that stands still', async () => {
    await run('stop')
    await slotIsFree()
    await own.database.query("update dbz_heartbeat set at = at - interval '11 s'")
    expect((await run('status')).stdout).to.contain('heartbeat-late')
  })
})
