import { systemClock } from '@tally/platform/process/clock'
import { firstTsidAt } from '@tally/platform/process/ids'
import { createLog } from '@tally/platform/process/log'
import { expect } from 'chai'
import { stack } from '../../test/support/stack.ts'
import { until } from '../../test/support/until.ts'
import { applyMigrations, readMigrations } from '../database/migrations.ts'
import { openPool } from '../database/pool.ts'
import { setUpDatabase } from '../database/set-up.ts'
import { postgresOutboxPartitions } from '../outbox/postgres-partitions.ts'
import type { TestDatabase } from './test-database.ts'
import { createTestDatabase, PASSWORDS, withClient } from './test-database.ts'

const DAY_MS = 86_400_000

describe('migrations', () => {
  let database: TestDatabase
  before(async () => {
    // The partitions are those of the day on which the database is made, and are held against today's.
    await until(() => systemClock.now() % DAY_MS < DAY_MS - 60_000, { what: 'the day has a minute left', timeoutMs: 90_000 })
    database = await createTestDatabase()
  })
  after(() => database?.drop())

  const setUp = () =>
    setUpDatabase({ superuser: stack.database('postgres', 'postgres'), passwords: PASSWORDS, database: database.name, slot: undefined })
  const migrate = (migrations: ReturnType<typeof readMigrations>) =>
    withClient(database.url('postgres'), (client) => applyMigrations(client, 'tally_owner', migrations))
  const failure = (promise: Promise<unknown>) =>
    promise.then(
      () => 'no error',
      (error: Error) => error.message,
    )

  it('change nothing when they run again, also twice at once', async () => {
    expect(await Promise.all([setUp(), setUp()])).to.deep.equal([[], []])
  })

  it('refuse one that was edited after it was applied', async () => {
    const edited = readMigrations().map((migration, n) => (n === 0 ? { ...migration, checksum: 'other' } : migration))
    expect(await failure(migrate(edited))).to.contain('0001-ids.sql was edited after it was applied')
  })

  it('refuse a database that is ahead of the checkout', async () => {
    expect(await failure(migrate(readMigrations().slice(0, -1)))).to.match(/the database has migration .*run a newer checkout/)
  })

  it('keep nothing of one that fails', async () => {
    const last = { version: 9_999, name: '9999-bad.sql', sql: 'create table half (a int); select nothing_like_it', checksum: 'x' }
    expect(await failure(migrate([...readMigrations(), last]))).to.contain('migration 9999-bad.sql failed')
    expect(await database.query("select to_regclass('half') as half")).to.deep.equal([{ half: null }])
  })

  it('take passwords as they are, quotes and backslashes too', async () => {
    const odd = `it's "odd" \\ $1 %L`
    await setUpDatabase({
      superuser: stack.database('postgres', 'postgres'),
      passwords: { ...PASSWORDS, reader: odd },
      database: database.name,
      slot: undefined,
    })
    const url = new URL(database.url('tally_reader'))
    url.password = encodeURIComponent(odd)
    expect(await withClient(url.href, async (client) => (await client.query('select 1 as one')).rows)).to.deep.equal([{ one: 1 }])
    await setUp()
  })

  describe('outbox partitions', () => {
    const partitionOf = async (epochMs: number) => {
      const id = firstTsidAt(epochMs) + 1n
      const [row] = await database.query<{ partition: string }>(
        `insert into outbox (id, aggregatetype, aggregateid, type, payload) values ($1, 'order', '1', 'OrderPlaced', '\\x00')
         returning tableoid::regclass::text as partition`,
        [id],
      )
      return row?.partition
    }
    const named = (epochMs: number) => `outbox_${new Date(epochMs).toISOString().slice(0, 10).replaceAll('-', '')}`

    it('hold the ids of one UTC day each, from its first millisecond to its last', async () => {
      const today = Math.floor(systemClock.now() / DAY_MS) * DAY_MS
      expect(await partitionOf(today)).to.equal(named(today))
      expect(await partitionOf(today + DAY_MS - 1)).to.equal(named(today))
      expect(await partitionOf(today + DAY_MS)).to.equal(named(today + DAY_MS))
    })

    it('tell how many there are, how large and how old', async () => {
      const config = { DATABASE_URL: database.url('tally_api'), DATABASE_CONNECTIONS: 1, STATEMENT_TIMEOUT_MS: 5_000 }
      const pool = openPool({ config, log: createLog('test', 'silent') })
      try {
        const { partitions, bytes, oldestAgeSeconds, aheadSeconds } = await postgresOutboxPartitions(pool).kept()
        const [row] = await database.query<{ n: number }>("select count(*)::int as n from pg_inherits where inhparent = 'outbox'::regclass")
        expect(partitions).to.equal(row?.n)
        expect(bytes).to.be.greaterThan(0)
        expect(oldestAgeSeconds * 1_000).to.be.closeTo(systemClock.now() % DAY_MS, 60_000)
        const [{ days = 0 } = {}] = await database.query<{ days: number }>(
          "select count(*)::int as days from pg_inherits where inhparent = 'outbox'::regclass and inhrelid::regclass::text ~ '_[0-9]{8}$'",
        )
        expect((aheadSeconds + oldestAgeSeconds) / 86_400).to.be.closeTo(days, 0.001)
      } finally {
        await pool.end()
      }
    })

    it('are cared for by one instance at a time; another one does not wait', async () => {
      await withClient(database.url('tally_owner'), async (other) => {
        await other.query("begin; select pg_advisory_xact_lock(hashtext('outbox partitions'))")
        expect(await database.query('select ensure_outbox_partitions(4) as made', [], 'tally_api')).to.deep.equal([{ made: 0 }])
        expect(await database.query("select drop_outbox_partitions(8, 'none') as dropped", [], 'tally_api')).to.deep.equal([{ dropped: 0 }])
        await other.query('rollback')
      })
      expect(await database.query('select ensure_outbox_partitions(4) as made', [], 'tally_api')).to.deep.equal([{ made: 1 }])
    })

    it('never fail an id of a day without one; that day stays in the default partition', async () => {
      const day = Math.floor(systemClock.now() / DAY_MS) * DAY_MS + 5 * DAY_MS
      expect(await partitionOf(day + 1_000)).to.equal('outbox_default')
      expect(await database.query('select ensure_outbox_partitions(6) as made', [], 'tally_api')).to.deep.equal([{ made: 1 }])
      expect(await partitionOf(day + 2_000)).to.equal('outbox_default')
      expect(await partitionOf(day + DAY_MS)).to.equal(named(day + DAY_MS))
      expect(await partitionOf(day - DAY_MS)).to.equal(named(day - DAY_MS))
    })

    it('are dropped past the retention, but only once the slot has confirmed everything in them', async () => {
      const slot = database.name
      const old = systemClock.now() - 9 * DAY_MS
      await database.query(
        `create table ${named(old)} (like outbox including all);
         alter table outbox attach partition ${named(old)} for values from (${firstTsidAt(old - 1_000)}) to (${firstTsidAt(old + 1_000)})`,
      )
      await database.query("select pg_create_logical_replication_slot($1, 'pgoutput')", [slot], 'postgres')
      try {
        expect(await partitionOf(old)).to.equal(named(old))
        const drop = () => database.query('select drop_outbox_partitions(8, $1) as dropped', [slot], 'tally_api')
        expect(await drop()).to.deep.equal([{ dropped: 0 }])
        expect(await drop()).to.deep.equal([{ dropped: 0 }])
        await database.query('create table more_wal as select 1')
        await database.query('select pg_replication_slot_advance($1, pg_current_wal_lsn())', [slot], 'postgres')
        expect(await drop()).to.deep.equal([{ dropped: 1 }])
        expect(await database.query('select to_regclass($1) as gone', [named(old)])).to.deep.equal([{ gone: null }])
      } finally {
        await database.query('select pg_drop_replication_slot($1)', [slot], 'postgres')
      }
    })
  })
})
