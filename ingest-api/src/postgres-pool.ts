// The pool every query but the lease's goes through.
import type { Log } from '@tally/platform/log'
import pg from 'pg'

type Options = {
  config: { DATABASE_URL: string; DATABASE_CONNECTIONS: number; STATEMENT_TIMEOUT_MS: number }
  log: Log
}

/**
 * Opens a pool; connections are made when first needed. An acknowledged order is on disk: commits are synchronous here,
 * whatever the server's default.
 */
export function openPool({ config, log }: Options): pg.Pool {
  const pool = new pg.Pool({
    connectionString: config.DATABASE_URL,
    max: config.DATABASE_CONNECTIONS,
    application_name: 'tally-ingest-api',
    connectionTimeoutMillis: 2_000,
    idleTimeoutMillis: 60_000,
    statement_timeout: config.STATEMENT_TIMEOUT_MS,
    // Behind the server's own timeout: it ends the waiting when the server does not answer at all.
    query_timeout: config.STATEMENT_TIMEOUT_MS + 1_000,
    options: '-c synchronous_commit=on',
    keepAlive: true,
  })
  // The error itself carries the whole client: nothing for a log.
  pool.on('error', ({ message }) => log.warn({ why: message }, 'an idle database connection was lost'))
  return pool
}

/** For /readyz: undefined when the database answers. */
export async function databaseAnswers(pool: pg.Pool): Promise<string | undefined> {
  return pool.query('select 1').then(
    () => undefined,
    (error: Error) => error.message,
  )
}
