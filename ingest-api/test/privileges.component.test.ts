import { expect } from 'chai'
import pg from 'pg'
import type { TestDatabase } from './test-database.ts'
import { createTestDatabase } from './test-database.ts'

const TABLES = [
  'orders',
  'outbox',
  'outbox_default',
  'merchants',
  'api_keys',
  'node_leases',
  'dbz_heartbeat',
  'dbz_signal',
  'outbox_retirements',
  'schema_migrations',
]
const VERBS = ['select', 'insert', 'update', 'delete', 'truncate', 'drop'] as const

/** Everything a role may do; whatever is not here is tried and must be forbidden. */
const ALLOWED: Record<'tally_api' | 'tally_reader' | 'dbz', Record<string, string[]>> = {
  tally_api: {
    orders: ['select', 'insert'],
    outbox: ['insert'],
    merchants: ['select', 'insert'],
    api_keys: ['select', 'insert'],
    node_leases: ['select', 'insert', 'update'],
  },
  tally_reader: { orders: ['select'], outbox: ['select'], merchants: ['select'] },
  dbz: { outbox: ['select'], dbz_heartbeat: ['select', 'insert', 'update'], dbz_signal: ['select', 'insert'] },
}

/** A column to write; where there is none here, `id`. */
const COLUMN: Record<string, string> = {
  merchants: 'created_at',
  api_keys: 'key_hash',
  node_leases: 'node',
  outbox_retirements: 'partition',
  schema_migrations: 'version',
}

const columnOf = (table: string) => COLUMN[table] ?? 'id'

const statement: Record<(typeof VERBS)[number], (table: string) => string> = {
  select: (table) => `select * from ${table}`,
  insert: (table) => `insert into ${table} (${columnOf(table)}) select ${columnOf(table)} from ${table} where false`,
  update: (table) => `update ${table} set ${columnOf(table)} = ${columnOf(table)}`,
  delete: (table) => `delete from ${table}`,
  truncate: (table) => `truncate ${table}`,
  drop: (table) => `drop table ${table}`,
}

describe('privileges', () => {
  let database: TestDatabase
  before(async () => {
    database = await createTestDatabase()
  })
  after(() => database?.drop())

  /** SQLSTATE of the statement, undefined when it is allowed; nothing is kept. */
  async function stateOf(client: pg.Client, sql: string): Promise<string | undefined> {
    await client.query('begin')
    try {
      await client.query(sql)
      return undefined
    } catch (error) {
      return error instanceof pg.DatabaseError ? error.code : String(error)
    } finally {
      await client.query('rollback')
    }
  }

  for (const role of ['tally_api', 'tally_reader', 'dbz'] as const) {
    describe(role, () => {
      let client: pg.Client
      before(async () => {
        client = new pg.Client({ connectionString: database.url(role) })
        await client.connect()
      })
      after(() => client.end())

      for (const table of TABLES) {
        it(`may ${ALLOWED[role][table]?.join(', ') ?? 'do nothing with'} ${table}, and gets 42501 for the rest`, async () => {
          for (const verb of VERBS) {
            const allowed = ALLOWED[role][table]?.includes(verb)
            // The insert of the check reads the table too: without select it would fail for that.
            const sql =
              verb === 'insert' && allowed && !ALLOWED[role][table]?.includes('select')
                ? `insert into ${table} default values`
                : statement[verb](table)
            const state = await stateOf(client, sql)
            expect(state === '42501', `${verb} ${table}: ${state ?? 'allowed'}`).to.equal(!allowed)
          }
        })
      }

      it('may not create tables, roles or databases, nor read secrets of the server', async () => {
        for (const sql of [
          'create table mine (a int)',
          'create role mine',
          'select * from pg_authid',
          "select pg_read_file('/etc/passwd')",
        ])
          expect(await stateOf(client, sql), sql).to.equal('42501')
      })

      it('may not write logical messages, which the connector would have to take in whole', async () => {
        for (const content of ["'x'", "'x'::bytea"])
          expect(await stateOf(client, `select pg_logical_emit_message(false, 'cache', ${content})`), content).to.equal('42501')
      })
    })
  }

  it('lets only the API call the functions that care for partitions', async () => {
    const call = 'select ensure_outbox_partitions(1)'
    expect(await database.query(call, [], 'tally_api')).to.have.lengthOf(1)
    for (const role of ['tally_reader', 'dbz'] as const) {
      const error = await database.query(call, [], role).catch((reason: unknown) => reason)
      expect(error).to.have.property('code', '42501')
    }
  })
})
