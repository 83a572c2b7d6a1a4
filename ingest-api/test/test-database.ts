// A database of its own for a test file, set up by the real migrations on the PostgreSQL of the stack under test.
import { randomUUID } from 'node:crypto'
import pg from 'pg'
import { stack } from '../../test/support/stack.ts'
import { setUpDatabase } from '../database/set-up.ts'
import { hashOf, newApiKey } from '../merchants/authenticate.ts'
import { addKey } from '../merchants/postgres-merchants.ts'

export const PASSWORDS = {
  owner: 'tally-owner-dev',
  api: 'tally-api-dev',
  reader: 'tally-reader-dev',
  dbz: 'dbz-dev',
  registry: 'registry-dev',
  replayer: 'replayer-dev',
}

type Role = 'postgres' | 'tally_owner' | 'tally_api' | 'tally_reader' | 'dbz'

export type TestDatabase = {
  name: string
  url(role: Role): string
  /** Runs one query as the role, on a connection of its own; its rows. */
  query<T extends pg.QueryResultRow>(text: string, values?: unknown[], role?: Role): Promise<T[]>
  addMerchant(limits?: { perMinute?: number; burst?: number }): Promise<string>
  drop(): Promise<void>
}

/** Creates it. */
export async function createTestDatabase(): Promise<TestDatabase> {
  const name = `tally_test_${randomUUID().slice(0, 8)}`
  const superuser = stack.database('postgres', 'postgres')
  await setUpDatabase({ superuser, passwords: PASSWORDS, database: name, slot: undefined })
  const url = (role: Role) => stack.database(role, name)
  return {
    name,
    url,
    query: (text, values, role = 'tally_owner') => withClient(url(role), async (client) => (await client.query(text, values)).rows),
    addMerchant: ({ perMinute, burst } = {}) =>
      withClient(url('tally_api'), async (client) => {
        const apiKey = newApiKey()
        await addKey(client, { name: randomUUID(), keyHash: hashOf(apiKey), perMinute: perMinute ?? 1_000_000, burst })
        return apiKey
      }),
    drop: () => withClient(superuser, async (client) => void (await client.query(`drop database "${name}" with (force)`))),
  }
}

/** Runs `work` on a connection of its own. */
export async function withClient<T>(connectionString: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString })
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}
