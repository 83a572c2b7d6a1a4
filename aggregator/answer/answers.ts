// Answers questions from the counts file, in snapshots: readers see whole transactions and never hold up the writer.
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { DuckDBConnection } from '@duckdb/node-api'
import { type DuckDbFile, readRows } from '@tally/platform/duckdb/file'
import { duckdbSnapshots } from '@tally/platform/duckdb/snapshots'
import { hourOf } from '#count/bucket'
import { countsSql } from '#store/schema'
import {
  type Answers,
  type AsOf,
  type BucketSums,
  type BucketsQuery,
  cannotAnswer,
  type Measure,
  MINUTES,
  minutesFolded,
  type Sums,
  type TopQuery,
} from './ask-counts.ts'
import { countedOf, trace } from './events.ts'

const COLUMN: Record<Measure, string> = { revenue: 'revenue_minor', units: 'units', orders: 'orders' }
const SUMS = 'sum(c.orders) orders, sum(c.units) units, sum(c.revenue_minor) revenue_minor'

/** Where the counts of the moment that is asked for are read from, and what else holds for it. */
type View = { connection: DuckDBConnection; asOf: bigint | null; counts: string; foldedBelow: number }

/** Every question is one snapshot: asOf and the answer belong together. It ends before the answer is sent to anyone. */
export function duckdbAnswers(file: DuckDbFile, longestMs?: number): Answers {
  const snapshots = duckdbSnapshots(file.connect, longestMs)
  const inSnapshot = <T>(at: bigint | undefined, read: (view: View) => Promise<T>): Promise<AsOf<T>> =>
    snapshots(async (connection) => {
      const view = await viewOf(connection, at)
      return { asOf: view.asOf, answer: await read(view) }
    })
  return {
    top: (query) => inSnapshot(query.at, (view) => top(view, query)),
    buckets: (query) => inSnapshot(query.at, (view) => buckets(view, query)),
    parquet: (query) => inSnapshot(query.at, (view) => parquet(view, query)),
    events: (eventIds) => inSnapshot(undefined, ({ connection }) => trace(connection, eventIds)),
    records: (ranges) => inSnapshot(undefined, ({ connection }) => countedOf(connection, ranges)),
  }
}

/** The counts of then are those of now without what was added since. */
async function viewOf(connection: DuckDBConnection, at: bigint | undefined): Promise<View> {
  const [row] = await readRows<[bigint | null, number, bigint]>(
    connection,
    'select as_of, folded_below, absorbed.revision from state, absorbed',
  )
  const [asOf, foldedBelow, absorbed] = row ?? [null, 0, 0n]
  const sums = countsSql(String(absorbed))
  const now = { connection, asOf, counts: sums, foldedBelow }
  if (at === undefined) return now
  const [kept] = await readRows<[bigint | null, bigint | null, bigint | null]>(
    connection,
    `select max(as_of) filter (as_of <= ${at}), max(revision) filter (as_of <= ${at}), min(as_of) from kept`,
  )
  const [keptAsOf, revision, oldest] = kept ?? [null, null, null]
  if (at === asOf && keptAsOf === null) return now
  if (asOf === null || at > asOf || keptAsOf === null) throw cannotAnswer(at, asOf, oldest)
  const counts = `(select * from ${sums}
    union all select minute, series, -orders, -units, -revenue_minor from changes where revision > ${revision})`
  return { connection, asOf: keptAsOf, counts, foldedBelow }
}

async function top({ connection, counts, foldedBelow }: View, { currency, range: asked, by, limit }: TopQuery) {
  const range = asked.from < foldedBelow ? { ...asked, from: hourOf(asked.from) } : asked
  const rows = await readRows<[string, bigint, bigint, bigint, bigint]>(
    connection,
    `select s.category, ${SUMS}, sum(sum(c.${COLUMN[by]})) over () from ${counts} c join series s on s.id = c.series
     where s.currency = ? and c.minute >= ${range.from} and c.minute < ${range.to}
     group by s.category having sum(c.orders) > 0 order by ${COLUMN[by]} desc, s.category limit ${limit}`,
    [currency],
  )
  return { categories: rows.map(([category, ...sums]) => ({ category, ...toSums(sums) })), total: rows[0]?.[4] ?? 0n, range }
}

async function buckets(view: View, query: BucketsQuery): Promise<BucketSums[]> {
  type Row = [number, string, string, bigint, bigint, bigint]
  const rows = await readRows<Row>(view.connection, bucketsSql(view, query), bucketsValues(query))
  return rows.map(([minute, category, currency, ...sums]) => ({ minute, category, currency, ...toSums(sums) }))
}

/** Parquet has no 128-bit integers: sums travel as decimals of 38 digits, never as doubles. */
async function parquet(view: View, query: BucketsQuery): Promise<Buffer | undefined> {
  const { connection, asOf } = view
  const [[rows] = [0n]] = await readRows<[bigint]>(
    connection,
    `select count(*) from (${bucketsSql(view, { ...query, limit: query.limit + 1 })})`,
    bucketsValues(query),
  )
  if (rows > query.limit) return undefined
  const folder = await mkdtemp(join(tmpdir(), 'buckets-'))
  try {
    const path = join(folder, 'buckets.parquet')
    await connection.run(
      `copy (select make_timestamptz("start"::bigint * 60000000) "start", make_timestamptz(("start"::bigint + ${MINUTES[query.size]}) * 60000000) "end",
         category, currency, orders::decimal(38, 0) orders, units::decimal(38, 0) units, revenue_minor::decimal(38, 0) "revenueMinor",
         coalesce(("start"::bigint + ${MINUTES[query.size]}) * 60000000 <= ${asOf ?? 'null'}, false) complete
       from (${bucketsSql(view, query)})) to '${path}' (format parquet)`,
      bucketsValues(query),
    )
    return await readFile(path)
  } finally {
    await rm(folder, { recursive: true })
  }
}

function bucketsSql({ counts, foldedBelow }: View, { size, range, category, currency, limit }: BucketsQuery): string {
  if (size === 'minute' && range.from < foldedBelow) throw minutesFolded(foldedBelow)
  return `select (c.minute // ${MINUTES[size]}) * ${MINUTES[size]} "start", s.category, s.currency, ${SUMS}
    from ${counts} c join series s on s.id = c.series
    where c.minute >= ${range.from} and c.minute < ${range.to}
      ${category === undefined ? '' : 'and s.category = $category'} ${currency === undefined ? '' : 'and s.currency = $currency'}
    group by all having sum(c.orders) > 0 order by "start", s.category, s.currency limit ${limit}`
}

const bucketsValues = ({ category, currency }: BucketsQuery) => ({
  ...(category !== undefined && { category }),
  ...(currency !== undefined && { currency }),
})

const toSums = (sums: readonly bigint[]): Sums => {
  const [orders = 0n, units = 0n, revenueMinor = 0n] = sums
  return { orders, units, revenueMinor }
}
