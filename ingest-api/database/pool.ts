// The pool every query but the lease's goes through.
import type { Clock } from '@tally/platform/process/clock'
import { systemClock } from '@tally/platform/process/clock'
import { messageOf } from '@tally/platform/process/errors'
import type { Log } from '@tally/platform/process/log'
import pg from 'pg'
import type { Breaker } from './circuit-breaker.ts'
import { circuitBreaker } from './circuit-breaker.ts'
import { DATABASE_AWAY, isOutOfReach } from './errors.ts'

type Options = {
  config: { DATABASE_URL: string; DATABASE_CONNECTIONS: number; STATEMENT_TIMEOUT_MS: number }
  log: Log
  /** By which it is time to probe a database that was out of reach. */
  clock?: Clock
}

/** `circuit`: whether the database is out of reach, and how often it has been. */
export type GuardedPool = pg.Pool & { circuit: Pick<Breaker, 'isOpen' | 'opened'> }

const PROBE_AFTER_MS = 1_000

/**
 * Opens a pool; connections are made when first needed. An acknowledged order is on disk: commits are synchronous here,
 * whatever the server's default. While the database is out of reach, queries fail at once instead of waiting each for itself.
 */
export function openPool({ config, log, clock = systemClock }: Options): GuardedPool {
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
  return Object.assign(pool, { circuit: guard(pool, log, clock) })
}

/** Every query of the pool is made through a circuit breaker; the watch of the slot sees to it that there is one soon to probe with. */
function guard(pool: pg.Pool, log: Log, clock: Clock): Breaker {
  const breaker = circuitBreaker({
    clock,
    probeAfterMs: PROBE_AFTER_MS,
    isOutage: isOutOfReach,
    message: DATABASE_AWAY,
    onChange(open, why) {
      if (open) log.error({ why: messageOf(why) }, 'the database is out of reach: requests get 503 at once')
      else log.info('the database is back')
    },
  })
  const query = pool.query.bind(pool) as (...query: unknown[]) => Promise<unknown>
  pool.query = ((...args: unknown[]) => breaker.run(() => query(...args))) as pg.Pool['query']
  return breaker
}

/** For /readyz: undefined when the database answers. */
export async function databaseAnswers(pool: pg.Pool): Promise<string | undefined> {
  return pool.query('select 1').then(
    () => undefined,
    (error: Error) => error.message,
  )
}
