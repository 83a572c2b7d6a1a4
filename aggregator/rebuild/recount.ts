// Counts into a new file beside the counts, for a rebuild. A step that fails closes what was opened: the next rebuild opens it again.
import { type DuckDbFile, migrate } from '@tally/platform/duckdb/file'
import type { Log } from '@tally/platform/process/log'
import { inPasses } from '@tally/platform/process/passes'
import { countOrders } from '#count/count-orders'
import { duckdbCounts } from '#store/counts'
import { duckdbTending } from '#store/maintenance'
import { MIGRATIONS } from '#store/schema'
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
