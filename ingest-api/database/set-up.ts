// From an empty PostgreSQL to one the services can start on; running it again changes nothing.
import pg from 'pg'
import { ensureDatabase, ensureRoles, ensureSlot, refuseLogicalMessages } from './cluster.ts'
import { applyMigrations } from './migrations.ts'

const LOCK = 7_274_225_791
const OWNER = 'tally_owner'
const DAYS_AHEAD = 3

type Passwords = { owner: string; api: string; reader: string; dbz: string; registry: string; replayer: string }

export type SetUp = {
  /** Connection string of a superuser. */
  superuser: string
  passwords: Passwords
  /** Name of the orders' database. */
  database: string
  /** Name of the outbox's replication slot; slots are unique in the cluster, so a database for a test has none. */
  slot: string | undefined
}

/** Sets everything up; the names of the migrations it applied. One at a time: others wait. */
export async function setUpDatabase({ superuser, passwords, database, slot }: SetUp): Promise<string[]> {
  return withClient(superuser, async (cluster) => {
    await cluster.query('select pg_advisory_lock($1)', [LOCK])
    await ensureRoles(cluster, [
      { name: OWNER, password: passwords.owner },
      { name: 'tally_api', password: passwords.api },
      { name: 'tally_reader', password: passwords.reader },
      { name: 'dbz', password: passwords.dbz, replication: true },
      { name: 'registry', password: passwords.registry },
      { name: 'replayer', password: passwords.replayer },
    ])
    await ensureDatabase(cluster, database, OWNER, ['tally_api', 'tally_reader', 'dbz'])
    await ensureDatabase(cluster, 'registry', 'registry')
    await ensureDatabase(cluster, 'replayer', 'replayer')
    return withClient(inDatabase(superuser, database), async (client) => {
      await refuseLogicalMessages(client)
      const applied = await applyMigrations(client, OWNER)
      await client.query('select ensure_outbox_partitions($1)', [DAYS_AHEAD])
      if (slot !== undefined) await ensureSlot(client, slot)
      return applied
    })
  })
}

/** The same connection string for another database. */
export function inDatabase(connectionString: string, database: string): string {
  const url = new URL(connectionString)
  url.pathname = `/${encodeURIComponent(database)}`
  return url.href
}

async function withClient<T>(connectionString: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString, application_name: 'tally-migrate' })
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}
