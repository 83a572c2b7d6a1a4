// Buckets, positions and asOf in one DuckDB transaction per slice; of a bucket the higher revision holds.
import type { DuckDBConnection } from '@duckdb/node-api'
import { appendColumns } from '@tally/platform/duckdb/append'
import { readRows, transaction } from '@tally/platform/duckdb/file'
import type { OrderBucket } from '@tally/schemas/contract/order-bucket'
import { STAGE } from './demand-schema.ts'
import type { Demand, DemandState } from './keep-demand.ts'

const MICROS_PER_MINUTE = 60_000_000n

/** @param connection used by nobody else, to a migrated file */
export async function duckdbDemand(connection: DuckDBConnection): Promise<Demand> {
  await connection.run(STAGE)
  let ids = await readSeries(connection)
  return {
    state: await readState(connection),
    async save({ buckets, asOf, partition, nextOffset }) {
      const after = new Map(ids)
      await transaction(connection, async () => {
        if (buckets.length > 0) await saveBuckets(connection, after, buckets)
        await connection.run(`merge into positions p using (values (${partition}, ${nextOffset}::bigint)) s ("partition", next_offset)
          on p."partition" = s."partition" when matched then update set next_offset = s.next_offset
          when not matched then insert values (s."partition", s.next_offset)`)
        await connection.run(`update state set as_of = ${asOf ?? 'null'}`)
      })
      ids = after
    },
  }
}

async function readState(connection: DuckDBConnection): Promise<DemandState> {
  const [row] = await readRows<[bigint | null]>(connection, 'select as_of from state')
  const positions = await readRows<[number, bigint]>(connection, 'select "partition", next_offset from positions')
  return { asOf: row?.[0] ?? null, positions: new Map(positions) }
}

async function readSeries(connection: DuckDBConnection): Promise<Map<string, number>> {
  const rows = await readRows<[number, string, string]>(connection, 'select id, category, currency from series')
  return new Map(rows.map(([id, category, currency]) => [keyOf(category, currency), id]))
}

async function saveBuckets(connection: DuckDBConnection, ids: Map<string, number>, buckets: readonly OrderBucket[]): Promise<void> {
  for (const { category, currency } of buckets) {
    const key = keyOf(category, currency)
    if (ids.has(key)) continue
    await connection.run('insert into series values (?, ?, ?)', [ids.size, category, currency])
    ids.set(key, ids.size)
  }
  const minutes = Int32Array.from(buckets, ({ bucketStart }) => Number(bucketStart / MICROS_PER_MINUTE))
  const columnOf = (field: 'orders' | 'units' | 'revenueMinor' | 'revision') => BigInt64Array.from(buckets, (bucket) => bucket[field])
  await appendColumns(connection, 'stage', [
    minutes,
    Int32Array.from(buckets, ({ category, currency }) => ids.get(keyOf(category, currency)) ?? -1),
    ...(['orders', 'units', 'revenueMinor', 'revision'] as const).map(columnOf),
  ])
  // The bounds say nothing new: they let DuckDB skip the row groups of other times.
  const [first, last] = minutes.reduce(([low, high], minute) => [Math.min(low, minute), Math.max(high, minute)], [2 ** 31, -1])
  await connection.run(`merge into buckets b using stage s
    on b.minute = s.minute and b.series = s.series and b.minute between ${first} and ${last}
    when matched and s.revision > b.revision then update set orders = s.orders, units = s.units,
      revenue_minor = s.revenue_minor, revision = s.revision
    when not matched then insert values (s.minute, s.series, s.orders, s.units, s.revenue_minor, s.revision)`)
  await connection.run('delete from stage')
}

const keyOf = (category: string, currency: string) => `${currency}|${category}`
