// Reads histories in snapshots beside the writer: asOf and what was closed by then belong together.
import type { DuckDBConnection } from '@duckdb/node-api'
import { readRows } from '@tally/platform/duckdb/file'
import type { Snapshots } from '@tally/platform/duckdb/snapshots'
import type { DemandHistory, Reading } from './history.ts'
import { closedEnd } from './history.ts'
import { historyLimit, type Measure, type Question, RHYTHMS, type Series } from './series.ts'

const COLUMN: Record<Measure, string> = { units: 'units', orders: 'orders', revenue: 'revenue_minor' }

/** Histories as the snapshots of the file show them. */
export function duckdbHistory(inSnapshot: Snapshots): DemandHistory & { series(): Promise<Series[]> } {
  return {
    read: (question) => inSnapshot((connection) => read(connection, question)),
    async series() {
      const sql = 'select category, currency from series order by category, currency'
      const rows = await inSnapshot((connection) => readRows<[string, string]>(connection, sql))
      return rows.map(([category, currency]) => ({ category, currency }))
    },
  }
}

async function read(connection: DuckDBConnection, { category, currency, size, measure }: Question): Promise<Reading> {
  const [row] = await readRows<[bigint | null, number | null]>(
    connection,
    'select as_of, (select id from series where category = ? and currency = ?) from state',
    [category, currency],
  )
  const [asOf, series] = row ?? [null, null]
  if (asOf === null || series === null) return { asOf, known: series !== null, sums: [], fingerprint: '' }
  const { periodMinutes } = RHYTHMS[size]
  const end = closedEnd(asOf, periodMinutes)
  const rows = await readRows<[number, number, bigint]>(
    connection,
    `select (minute // ${periodMinutes}) * ${periodMinutes} as start, sum(${COLUMN[measure]})::double, sum(revision) from buckets
     where series = ${series} and minute >= ${end - historyLimit(RHYTHMS[size]) * periodMinutes} and minute < ${end}
     group by start order by start`,
  )
  // A bucket changes only to a higher revision, and a new one adds its own: any change makes the sum grow.
  const revisions = rows.reduce((sum, [, , revision]) => sum + revision, 0n)
  return { asOf, known: true, sums: rows.map(([minute, value]) => ({ minute, value })), fingerprint: `${end}:${revisions}` }
}
