// What a failed query tells: try the same again, the database is away, or there is a fault of ours in the statement.
import { Unavailable } from '@tally/platform/process/errors'
import pg from 'pg'

/** Serialization, deadlock, connection exceptions, shutdown, crash recovery, read-only after a failover. */
const TRY_AGAIN = /^(40|08|57P0[123]|25006)/
/** Also: out of resources, cancelled by timeout, lock not available, system errors, not let in. */
const AWAY = /^(40|08|57|25006|53|55|58|28|3D)/
const OUT_OF_REACH =
  /ECONNREFUSED|EHOSTUNREACH|EHOSTDOWN|ENETUNREACH|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|due to connection timeout|timeout expired|Query read timeout/
const LOST = /ECONNRESET|EPIPE|Connection terminated|Client has encountered a connection error/

/** True when the statement can be sent again as it was: the database may or may not have run it. */
export function saysNothingAboutOrders(error: unknown): boolean {
  if (error instanceof pg.DatabaseError) return TRY_AGAIN.test(error.code ?? '')
  return error instanceof Error && LOST.test(`${codeOf(error)} ${error.message}`)
}

/** True when there was no answer of a database at all, not even a refusal. A pool that has no connection free does not count. */
export const isOutOfReach = (error: unknown): boolean =>
  error instanceof Error && !(error instanceof pg.DatabaseError) && OUT_OF_REACH.test(`${codeOf(error)} ${error.message}`)

/** True when the database refused a value: a data exception or a violated constraint. */
export const isAboutOneOrder = (error: unknown): boolean => error instanceof pg.DatabaseError && /^2[23]/.test(error.code ?? '')

/** Unavailable when the database could not do its part, else the error as it is. */
export function unavailableFrom(error: unknown): unknown {
  if (error instanceof pg.DatabaseError) return AWAY.test(error.code ?? '') ? away(error) : error
  if (!(error instanceof Error) || error instanceof TypeError || error instanceof RangeError) return error
  return codeOf(error) || /connect|Connection|timeout|Client/.test(error.message) ? away(error) : error
}

export const DATABASE_AWAY = 'The database is not available right now; nothing is known to be lost.'

const away = (cause: Error) => new Unavailable(DATABASE_AWAY, { cause })

const codeOf = (error: Error): string => ('code' in error && typeof error.code === 'string' ? error.code : '')
