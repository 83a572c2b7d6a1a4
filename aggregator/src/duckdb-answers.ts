// Answers questions from the counts file, on connections of its own: readers see whole transactions and never hold up the writer.
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { DuckDBConnection } from '@duckdb/node-api'
import { type DuckDbFile, readRows } from '@tally/platform/duckdb'
import { tsidTime } from '@tally/platform/tsid'
import {
  type Answers,
  type AsOf,
  type BucketSums,
  type BucketsQuery,
  type Measure,
  MINUTES,
  type Sums,
  type TopQuery,
  type Traced,
} from './ask-counts.ts'
import { dayOf, seenTable } from './counts-schema.ts'

const COLUMN: Record<Measure, string> = { revenue: 'revenue_minor', units: 'units', orders: 'orders' }
const SUMS = 'sum(c.orders) orders, sum(c.units) units, sum(c.revenue_minor) revenue_minor'

/** Every question is one snapshot: asOf and the answer belong together. */
export function duckdbAnswers(file: DuckDbFile): Answers {
  return {
    top: (query) => inSnapshot(file, (connection) => top(connection, query)),
    buckets: (query) => inSnapshot(file, (connection) => buckets(connection, query)),
    parquet: (query) => inSnapshot(file, (connection) => parquet(connection, query)),
    event: (eventId) => inSnapshot(file, (connection) => trace(connection, eventId)),
  }
}

async function inSnapshot<T>(file: DuckDbFile, read: (connection: DuckDBConnection) => Promise<T>): Promise<AsOf<T>> {
  const connection = await file.connect()
  try {
    await connection.run('begin transaction read only')
    const [row] = await readRows<[bigint | null]>(connection, 'select as_of from state')
    return { asOf: row?.[0] ?? null, answer: await read(connection) }
  } finally {
    connection.closeSync()
  }
}

async function top(connection: DuckDBConnection, { currency, range, by, limit }: TopQuery) {
  const rows = await readRows<[string, bigint, bigint, bigint, bigint]>(
    connection,
    `select s.category, ${SUMS}, sum(sum(c.${COLUMN[by]})) over () from counts c join series s on s.id = c.series
     where s.currency = ? and c.minute >= ${range.from} and c.minute < ${range.to}
     group by s.category order by ${COLUMN[by]} desc, s.category limit ${limit}`,
    [currency],
  )
  return { categories: rows.map(([category, ...sums]) => ({ category, ...toSums(sums) })), total: rows[0]?.[4] ?? 0n }
}

async function buckets(connection: DuckDBConnection, query: BucketsQuery): Promise<BucketSums[]> {
  const rows = await readRows<[number, string, string, bigint, bigint, bigint]>(connection, bucketsSql(query), bucketsValues(query))
  return rows.map(([minute, category, currency, ...sums]) => ({ minute, category, currency, ...toSums(sums) }))
}

/** Parquet has no 128-bit integers: sums travel as decimals of 38 digits, never as doubles. */
async function parquet(connection: DuckDBConnection, query: BucketsQuery): Promise<Buffer | undefined> {
  const [[rows] = [0n]] = await readRows<[bigint]>(
    connection,
    `select count(*) from (${bucketsSql({ ...query, limit: query.limit + 1 })})`,
    bucketsValues(query),
  )
  if (rows > query.limit) return undefined
  const folder = await mkdtemp(join(tmpdir(), 'buckets-'))
  try {
    const path = join(folder, 'buckets.parquet')
    await connection.run(
      `copy (select make_timestamptz("start"::bigint * 60000000) "start", make_timestamptz(("start" + ${MINUTES[query.size]})::bigint * 60000000) "end",
         category, currency, orders::decimal(38, 0) orders, units::decimal(38, 0) units, revenue_minor::decimal(38, 0) "revenueMinor",
         coalesce(("start" + ${MINUTES[query.size]})::bigint * 60000000 <= (select as_of from state), false) complete
       from (${bucketsSql(query)})) to '${path}' (format parquet)`,
      bucketsValues(query),
    )
    return await readFile(path)
  } finally {
    await rm(folder, { recursive: true })
  }
}

function bucketsSql({ size, range, category, currency, limit }: BucketsQuery): string {
  return `select (c.minute // ${MINUTES[size]}) * ${MINUTES[size]} "start", s.category, s.currency, ${SUMS}
    from counts c join series s on s.id = c.series
    where c.minute >= ${range.from} and c.minute < ${range.to}
      ${category === undefined ? '' : 'and s.category = $category'} ${currency === undefined ? '' : 'and s.currency = $currency'}
    group by all order by "start", s.category, s.currency limit ${limit}`
}

const bucketsValues = ({ category, currency }: BucketsQuery) => ({
  ...(category !== undefined && { category }),
  ...(currency !== undefined && { currency }),
})

async function trace(connection: DuckDBConnection, eventId: bigint): Promise<Traced> {
  const table = seenTable(dayOf(tsidTime(eventId)))
  const [[forgottenBelow, exists] = [0n, false]] = await readRows<[bigint, boolean]>(
    connection,
    'select forgotten_below, exists (from duckdb_tables() where table_name = ?) from state',
    [table],
  )
  const places = exists
    ? await readRows<[number, bigint, bigint]>(
        connection,
        `select "partition", record_offset, counted_at from ${table} where event_id = ? limit 1`,
        [eventId],
      )
    : []
  const letters = await readRows<[number, bigint, bigint | null, string, bigint]>(
    connection,
    'select "partition", record_offset, counted_at, reason, failed_at from dead_letters where event_id = ? limit 1',
    [eventId],
  )
  const [place] = places
  const [letter] = letters
  const [partition, offset, countedAt] = place ?? letter ?? [0, 0n, null]
  return {
    ...(countedAt !== null && { counted: { partition, offset, countedAtMs: Number(countedAt) } }),
    ...(letter && { deadLettered: { reason: letter[3], failedAtMs: Number(letter[4]) } }),
    beforeWindow: eventId < forgottenBelow,
  }
}

const toSums = (sums: readonly bigint[]): Sums => {
  const [orders = 0n, units = 0n, revenueMinor = 0n] = sums
  return { orders, units, revenueMinor }
}
