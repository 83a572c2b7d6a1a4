// Keeps the outbox's partitions from being dropped while what is in them is still to be sent.
import { StopProcess } from '@tally/platform/process/errors'
import { openSession } from '#capture/postgres-session'

/** The lock that dropping asks for first, and does nothing without: migrations/0005-outbox-partitions.sql. */
const LOCK = "select pg_advisory_lock(hashtext('outbox partitions'))"

const LOCK_NOT_AVAILABLE = '55P03'

/**
 * Does the work while no partition is dropped. The lock has a session of its own, and goes with it. Should that be lost in
 * the middle, fewer events arrive than were counted, and the recovery says so.
 * @throws StopProcess when another has the lock for longer than `waitMs`
 */
export async function holdPartitions<T>(connectionString: string, waitMs: number, work: () => Promise<T>): Promise<T> {
  const session = await openSession(connectionString)
  try {
    await session.query("select set_config('lock_timeout', $1, false)", [String(Math.max(1, waitMs))])
    await session.query(LOCK).catch((error: { code?: string }) => {
      if (error.code !== LOCK_NOT_AVAILABLE) throw error
      throw new StopProcess(
        `someone else has held the outbox's partitions for ${Math.round(waitMs / 1000)} s: does another make connect-recover run?\n` +
          "Who it is: select pid from pg_locks where locktype = 'advisory' and granted",
      )
    })
    return await work()
  } finally {
    await session.end()
  }
}
