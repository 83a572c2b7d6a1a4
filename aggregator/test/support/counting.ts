// The counting part of the aggregator on a real DuckDB file of its own.

import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { DuckDBConnection } from '@duckdb/node-api'
import { migrate, openDuckDb, readRows } from '@tally/platform/duckdb/file'
import { createLog } from '@tally/platform/process/log'
import { duckdbAnswers } from '../../answer/answers.ts'
import { type CountOrders, countOrders } from '../../count/count-orders.ts'
import { duckdbCounts } from '../../store/counts.ts'
import { MIGRATIONS, WAY_BACK } from '../../store/schema.ts'
import { handClock } from './orders.ts'

export const DAY_MS = 86_400_000

/** A folder for the files of one test. */
export function scratch() {
  const folder = mkdtempSync(join(tmpdir(), 'tally-counts-'))
  const path = join(folder, 'counts.duckdb')
  return {
    folder,
    path,
    keepCopy: () => copyFileSync(path, `${path}.copy`),
    restoreCopy: () => copyFileSync(`${path}.copy`, path),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}

export type Opened = Awaited<ReturnType<typeof openCounting>>

type Options = {
  clock?: ReturnType<typeof handClock>
  logStarts?: ReadonlyMap<number, bigint>
  wrap?(connection: DuckDBConnection): DuckDBConnection
  onFlushed?(): void
}

const asIs = (connection: DuckDBConnection) => connection

export async function openCounting(path: string, { clock = handClock(), logStarts = new Map(), wrap = asIs, onFlushed }: Options = {}) {
  const file = await openDuckDb({ path, log: createLog('test', 'silent'), stopping: new AbortController().signal, wayBack: WAY_BACK })
  const connection = await file.connect()
  await migrate(connection, MIGRATIONS)
  const counts = await duckdbCounts(wrap(connection), logStarts)
  const counting: CountOrders = countOrders({
    counts,
    decode: () => {
      throw new Error('tests hand over decoded events')
    },
    clock,
    dedupWindowMs: 8 * DAY_MS,
    flushIntervalMs: 0,
    onFlushed: () => onFlushed?.(),
    onFault: (error) => {
      throw error
    },
  })
  return {
    counting,
    reread: counts.reread,
    clock,
    file,
    answers: duckdbAnswers(file),
    rows: (sql: string) => readRows(connection, sql),
    /** Every bucket as text, in order: `minute category currency orders/units/revenue`. */
    async totals(): Promise<string[]> {
      const rows = await readRows(
        connection,
        `select minute, category, currency, orders, units, revenue_minor from counts join series on id = series order by all`,
      )
      return rows.map(([minute, category, currency, ...sums]) => `${minute} ${category} ${currency} ${sums.join('/')}`)
    },
    async close() {
      await counting.drained()
      await file.close()
    },
  }
}
