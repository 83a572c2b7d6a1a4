// Records that keep failing together: halved until the one that fails is alone, and that one is given up on.
import type { LogRecord } from '#records/record-log'
import type { Fault } from './handler.ts'
import { isAboutRecords } from './policy.ts'

/** Settles consecutive records, or gives up on them for the fault. */
export type Settle = (records: LogRecord[], poison?: Fault) => Promise<void>

/**
 * @param attempts how often the records have been tried, this time included
 * @throws what is decided about the whole partition (unavailable, stop, seek, revoked): it is nobody's fault among the records
 */
export async function bisect(records: LogRecord[], settle: Settle, attempts: number): Promise<void> {
  try {
    await settle(records)
  } catch (error) {
    if (!isAboutRecords(error) || records.length === 0) throw error
    if (records.length === 1) return settle(records, { reason: 'handler-failed', error, attempts })
    const half = Math.ceil(records.length / 2)
    await bisect(records.slice(0, half), settle, attempts + 1)
    await bisect(records.slice(half), settle, attempts + 1)
  }
}
