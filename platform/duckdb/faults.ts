// What DuckDB says of itself, as a routing decision.
import { messageOf, StopProcess, Unavailable } from '#process/errors'

const DAMAGED = /^(FATAL|INTERNAL) Error|database has been invalidated|Corrupt database file/
const NO_MEMORY = /^Out of Memory Error|could not allocate|failed to (pin|allocate) block/
const DISK_FULL = /No space left|Disk quota exceeded|File too large/
const CLOSED = /connection (disconnected|closed)/
// TransactionContext is also how a commit says that the disk is full.
const WAITS = /^(IO|TransactionContext) Error/

/** Anything that is not about the database itself stays as it is. */
export function duckDbFault(error: unknown): unknown {
  if (error instanceof StopProcess || error instanceof Unavailable) return error
  const why = messageOf(error)
  if (DAMAGED.test(why)) return stop(why, error)
  if ([NO_MEMORY, WAITS, CLOSED].some((kind) => kind.test(why))) return new Unavailable(why, { cause: error })
  return error
}

/** Undefined: as far as the file and what is in memory go, nothing of the transaction has happened, and it can be tried again. */
export function commitFault(error: unknown): StopProcess | undefined {
  if (error instanceof StopProcess) return error
  const why = messageOf(error)
  return DISK_FULL.test(why) || CLOSED.test(why) ? undefined : stop(`a commit failed: ${why}`, error)
}

const stop = (why: string, cause: unknown) => new StopProcess(`DuckDB cannot go on in this process: ${why}`, 1, { cause })
