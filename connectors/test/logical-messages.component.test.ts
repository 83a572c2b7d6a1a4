import { expect } from 'chai'
import { until } from '../../test/support/until.ts'
import { command } from './support/command.ts'
import { type OwnConnector, openOwnConnector } from './support/own-connector.ts'

describe('logical messages in the database', () => {
  let own: OwnConnector
  before(async () => {
    own = await openOwnConnector()
    expect(await command('apply', [own.connector])).to.include({ exitCode: 0, stderr: '' })
  })
  after(() => own?.close())

  it('do not stop the capture: what comes behind arrives, and the slot moves on', async () => {
    const emit = "select (pg_logical_emit_message($1, $2, 'x') - '0/0')::bigint as lsn"
    let last: string | undefined
    for (const prefix of ['cache', '', 'two\nlines'])
      for (const transactional of [true, false])
        last = (await own.database.query<{ lsn: string }>(emit, [transactional, prefix])).rows[0]?.lsn
    const [behind] = await own.insertEvents(1)
    await until(async () => (await own.eventIds()).includes(behind as bigint), { what: 'the event behind the messages' })
    const confirmed = "select confirmed_flush_lsn - '0/0' > $2 as beyond from pg_replication_slots where slot_name = $1"
    await until(async () => (await own.database.query(confirmed, [own.id, last])).rows[0].beyond, { what: 'the slot beyond them' })
  })
})
