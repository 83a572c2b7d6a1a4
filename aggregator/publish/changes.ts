// Which buckets are still to be published, read in snapshots beside the writer; one that is gone has zeros.
import type { DuckDBConnection } from '@duckdb/node-api'
import { readRows } from '@tally/platform/duckdb/file'
import { countsSql } from '#store/schema'
import type { ChangedBuckets } from './publish-buckets.ts'

const PAGE = 10_000

/** @param connection used by nobody else */
export function duckdbChanges(connection: DuckDBConnection): ChangedBuckets & { count(): Promise<number> } {
  return {
    async pending(publishedUpTo) {
      const [row] = await readRows<[bigint | null, bigint | null]>(
        connection,
        `select as_of, (select max(revision) from dirty where revision > ${publishedUpTo}) from state`,
      )
      return { asOf: row?.[0] ?? null, revision: row?.[1] ?? undefined }
    },
    async count() {
      const [row] = await readRows<[bigint]>(connection, 'select count(*) from dirty')
      return Number(row?.[0] ?? 0n)
    },
    async page(publishedUpTo, behind) {
      const rows = await readRows<[number, number, string, string, bigint, bigint, bigint, bigint]>(
        connection,
        `with sums as ${countsSql('(select revision from absorbed)')}, page as (select minute, series, max(revision) revision from dirty where revision > ${publishedUpTo}
           ${behind === undefined ? '' : `and (minute, series) > (${behind.minute}, ${behind.series})`}
           group by all order by minute, series limit ${PAGE})
         select p.minute, p.series, s.category, s.currency, coalesce(sum(c.orders), 0)::bigint, coalesce(sum(c.units), 0)::bigint,
           coalesce(sum(c.revenue_minor), 0)::bigint, p.revision
         from page p left join sums c on c.minute = p.minute and c.series = p.series join series s on s.id = p.series
         group by all order by p.minute, p.series`,
      )
      const [minute, series] = rows.at(-1) ?? []
      const full = rows.length === PAGE && minute !== undefined && series !== undefined
      return {
        buckets: rows.map(([minute, , category, currency, orders, units, revenueMinor, revision]) => {
          return { minute, category, currency, orders, units, revenueMinor, revision }
        }),
        end: full ? { minute, series } : undefined,
      }
    },
  }
}
