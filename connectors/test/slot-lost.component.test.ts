import { expect } from 'chai'
import { stack } from '../../test/support/stack.ts'
import { until } from '../../test/support/until.ts'
import { command, untilStatusIsGood } from './support/command.ts'
import { at, connect, type OwnConnector, openOwnConnector } from './support/own-connector.ts'
import { type OwnPostgres, startPostgres } from './support/own-postgres.ts'

describe('a slot that PostgreSQL gave up', () => {
  let postgres: OwnPostgres
  let own: OwnConnector

  before(async () => {
    postgres = await startPostgres({ max_slot_wal_keep_size: '2MB' })
    own = await openOwnConnector({}, postgres.address)
  })

  after(async () => {
    await own?.close()
    await postgres?.remove()
  })

  const run = (verb: string, variables: Record<string, string> = {}) =>
    command(verb, [own.connector], {
      KAFKA_BROKERS: stack.kafka,
      SIGNAL_DATABASE_URL: at(stack.database('dbz', own.id), postgres.address),
      ...variables,
    })
  const delivered = async (ids: bigint[]) => {
    const seen = await own.eventIds()
    return ids.every((id) => seen.includes(id))
  }
  const beat = async () => (await own.database.query('select at from dbz_heartbeat')).rows[0]?.at.getTime()
  const slot = async () => (await own.database.query('select * from pg_replication_slots where slot_name = $1', [own.id])).rows[0]
  const walStatus = async () => (await slot())?.wal_status

  it('is named, and everything accepted since is on the topic after recovering, before asOf may move on', async () => {
    expect(await run('apply')).to.include({ exitCode: 0, stderr: '' })
    const earlier = await own.insertEvents(2)
    await until(() => delivered(earlier), { what: 'what came before' })
    await until(async () => (await connect.offsets(own.id))?.offsets[0], { what: 'a stored offset' })
    expect(await run('stop')).to.include({ exitCode: 0 })
    const missed = await own.insertEvents(20)
    await until(
      async () => {
        await own.database.query("select pg_logical_emit_message(false, 'filler', repeat('x', 1000000)), pg_switch_wal()")
        await own.database.query('checkpoint')
        return (await walStatus()) === 'lost'
      },
      { what: 'the slot is lost' },
    )
    const status = await run('status')
    expect(status.exitCode).to.equal(1)
    expect(status.stdout).to.contain('slot-lost: PostgreSQL gave the slot').and.contain('make connect-recover')
    expect((await run('apply')).stderr, 'apply does not hide it').to.contain('make connect-recover')

    const before = await beat()
    let recovering = true
    const recovered = run('recover', { WHY: 'max_slot_wal_keep_size' }).finally(() => {
      recovering = false
    })
    let tooEarly = 0
    const watchBeats = async () => {
      if ((await beat()) > before && !(await delivered(missed))) tooEarly += 1
      return !recovering
    }
    await until(watchBeats, { what: 'the end of the recovery', timeoutMs: 90_000 })
    expect(tooEarly, 'heartbeats before the gap was closed').to.equal(0)
    expect(await recovered).to.include({ exitCode: 0, stderr: '' })
    expect(await delivered(missed)).to.equal(true)
    const later = await own.insertEvents(1)
    await until(() => delivered(later), { what: 'what came after' })
    await until(async () => (await beat()) > before, { what: 'heartbeats again' })
    expect(await slot(), 'the new slot outlives a failover as well').to.include({ wal_status: 'reserved', failover: true })
    await untilStatusIsGood(() => run('status'))
  })
})
