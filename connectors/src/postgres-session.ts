// A connection to the outbox's database as the connector's role.
import { Unavailable } from '@tally/platform/errors'
import pg from 'pg'

/** @throws Unavailable when the database does not answer */
export async function openSession(connectionString: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString, application_name: 'tally-connectors', connectionTimeoutMillis: 5_000 })
  try {
    await client.connect()
    return client
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new Unavailable(`the outbox's database does not answer: ${why}. make status shows whether it runs.`, { cause: error })
  }
}
