// Counts into a new file beside the counts, for a rebuild. A step that fails closes what was opened: the next rebuild opens it again.
import { type DuckDbFile, migrate } from '@tally/platform/duckdb'
import type { Log } from '@tally/platform/log'
import { inPasses } from '@tally/platform/passes'
import { countOrders } from './count-orders.ts'
import { MIGRATIONS } from './counts-schema.ts'
import { duckdbCounts } from './duckdb-counts.ts'
import { duckdbTending } from './duckdb-tending.ts'
import type { Starts } from './rebuild-counts.ts'

type Options = {
  rules: Omit<Parameters<typeof countOrders>[0], 'counts' | 'flushIntervalMs' | 'onFlushed'>
  openFile(path: string): Promise<DuckDbFile>
  log: Log
}

/** What opens such a file and counts into it, from `logStarts` on. */
export function duckdbRecount({ rules, openFile, log }: Options) {
  return async (path: string, logStarts: Starts) => {
    const file = await openFile(path)
    try {
      const connection = await file.connect()
      await migrate(connection, MIGRATIONS)
      const counts = await duckdbCounts(connection, logStarts)
      const { absorb } = await duckdbTending(await file.connect())
      const whenUnavailable = 'the new file is full'
      const absorbing = inPasses({ pass: absorb, restFactor: 1, maxRestMs: 10_000, whenUnavailable, clock: rules.clock, log })
      absorbing.ended.catch(rules.onFault)
      return {
        counting: countOrders({ ...rules, flushIntervalMs: 0, counts, onFlushed: absorbing.wake }),
        close: () => absorbing.stop().finally(file.close),
      }
    } catch (error) {
      await file.close().catch(() => {})
      throw error
    }
  }
}
