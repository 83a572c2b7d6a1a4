import { expect } from 'chai'
import { stack } from '../../test/support/stack.ts'
import { until } from '../../test/support/until.ts'
import { command, untilStatusIsGood } from './support/command.ts'
import { addressOf, at, type OwnConnector, openOwnConnector } from './support/own-connector.ts'
import { type OwnPostgres, startPostgres, startStandby } from './support/own-postgres.ts'

const STANDBY = 'standby_1'

describe('a failover of PostgreSQL', () => {
  let primary: OwnPostgres
  let standby: OwnPostgres
  let own: OwnConnector

  before(async () => {
    primary = await startPostgres({})
    await primary.query('select pg_create_physical_replication_slot($1)', [STANDBY])
    await primary.stop()
    standby = await startStandby(primary, STANDBY)
    // An acknowledged commit is on the standby, and Debezium reads nothing that is not.
    await primary.query(`alter system set synchronous_standby_names = '${STANDBY}'`)
    await primary.query(`alter system set synchronized_standby_slots = '${STANDBY}'`)
    await primary.query('select pg_reload_conf()')
    own = await openOwnConnector({}, primary.address)
  })

  after(async () => {
    await own?.close()
    await standby?.remove()
    await primary?.remove()
  })

  it('killed under load, loses no acknowledged order, and no event is on the topic without its order', async () => {
    expect(await command('apply', [own.connector])).to.include({ exitCode: 0, stderr: '' })
    const slot = async () =>
      (await standby.query('select synced and not temporary and invalidation_reason is null as ready from pg_replication_slots')).rows[0]
    await until(async () => (await slot())?.ready, { what: 'the slot is on the standby', timeoutMs: 60_000 })

    const acknowledged: bigint[] = []
    const load = (async () => {
      for (;;) acknowledged.push(...(await own.insertEvents(1)))
    })().catch((error: Error) => error)
    await until(async () => acknowledged.length > 200 && (await own.eventIds()).length > 100, { what: 'events flow' })
    // The standby hears no more: from here on nothing may be acknowledged.
    const receiver = (await standby.query('select pid from pg_stat_wal_receiver')).rows[0].pid
    process.kill(receiver, 'SIGSTOP')
    const waiting = "select from pg_stat_activity where wait_event = 'SyncRep' and query like 'insert into outbox%'"
    await until(async () => (await primary.query(waiting)).rowCount, { what: 'a commit waits for the standby' }).finally(async () => {
      await primary.kill()
      process.kill(receiver, 'SIGCONT')
    })
    expect(await load).to.be.instanceOf(Error)

    await standby.query('select pg_promote()')
    await until(async () => !(await standby.query('select pg_is_in_recovery() as yes')).rows[0].yes, { what: 'the standby is promoted' })
    const moved = { ...own.connector, config: { ...own.connector.config, ...addressOf(standby.address) } }
    const database = { SIGNAL_DATABASE_URL: at(stack.database('dbz', own.id), standby.address) }
    expect(await command('apply', [moved], database)).to.include({ exitCode: 0, stderr: '' })

    const kept = (await standby.query('select id from outbox', [], own.id)).rows.map(({ id }) => BigInt(id))
    const onTopic = async () => new Set(await own.eventIds())
    const seen = await until(
      async () => {
        const ids = await onTopic()
        return kept.every((id) => ids.has(id)) && ids
      },
      { what: 'every order of the promoted database is on the topic' },
    )
    expect(
      acknowledged.filter((id) => !kept.includes(id)),
      'acknowledged, but not in the database',
    ).to.deep.equal([])
    expect(
      acknowledged.filter((id) => !seen.has(id)),
      'acknowledged, but not on the topic',
    ).to.deep.equal([])
    expect(
      [...seen].filter((id) => !kept.includes(id)),
      'on the topic without an order',
    ).to.deep.equal([])
    await untilStatusIsGood(() => command('status', [moved], database))
  })
})
