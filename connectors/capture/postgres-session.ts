// Connections to the outbox's database as the connector's role.
import { messageOf, Unavailable } from '@tally/platform/process/errors'
import pg from 'pg'

/** What a session and a pool have in common. */
export type Queries = { query<R extends pg.QueryResultRow>(sql: string, values?: unknown[]): Promise<{ rows: R[] }> }

const options = (connectionString: string) => ({
  connectionString,
  application_name: 'tally-connectors',
  connectionTimeoutMillis: 5_000,
})

const away = (error: unknown) => {
  const why = messageOf(error)
  return new Unavailable(`the outbox's database does not answer: ${why}. make status shows whether it runs.`, { cause: error })
}

/** SQLSTATE classes of a server that is there and cannot serve: connection, resources, shutting down. */
const CANNOT_SERVE = /^(08|53|57)/

/** @throws Unavailable when the database does not answer */
export async function openSession(connectionString: string): Promise<pg.Client> {
  const client = new pg.Client({ ...options(connectionString), keepAlive: true })
  // Lost between two queries: the next one tells what became of it.
  client.on('error', () => {})
  try {
    await client.connect()
    return client
  } catch (error) {
    throw away(error)
  }
}

/** Connects when it is first asked, and again after the connection was lost. Its queries throw Unavailable while it is away. */
export function lazySession(connectionString: string): Queries & { end(): Promise<void> } {
  const pool = new pg.Pool({ ...options(connectionString), max: 1, query_timeout: 10_000 })
  // The next query tells what became of it.
  pool.on('error', () => {})
  return {
    query: (sql, values) =>
      pool.query(sql, values).catch((error: unknown) => {
        throw error instanceof pg.DatabaseError && !CANNOT_SERVE.test(error.code ?? '') ? error : away(error)
      }),
    end: () => pool.end(),
  }
}
