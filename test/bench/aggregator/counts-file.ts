// The aggregator's file before and after: empty or with older event ids in it; and whether it holds what was made, to the cent.
import { DuckDBInstance } from '@duckdb/node-api'
import { createSeen, dayOf, MIGRATIONS, seenTable, startOfDay } from '@tally/aggregator/store/schema'
import { migrate, readRows } from '@tally/platform/duckdb/file'
import { firstTsidAt } from '@tally/platform/process/ids'
import type { Expected } from './made-orders.ts'

/** A file that has `count` ids of the days before `endMs` in it, evenly. */
export async function fileWithOlderIds(path: string, count: number, endMs: number): Promise<void> {
  const instance = await DuckDBInstance.create(path)
  const connection = await instance.connect()
  await migrate(connection, MIGRATIONS)
  const days = Array.from({ length: 8 }, (_, n) => dayOf(endMs) - n)
  const firstMs = endMs - 7 * 86_400_000
  for (const day of days) {
    const from = Math.max(firstMs, startOfDay(day))
    const ms = Math.min(endMs, startOfDay(day + 1)) - from
    const rows = Math.floor((count * ms) / (7 * 86_400_000))
    if (rows <= 0) continue
    await connection.run(createSeen(day))
    const step = (BigInt(ms) << 22n) / BigInt(rows)
    await connection.run(
      `insert into ${seenTable(day)} select ${firstTsidAt(from)} + n * ${step}, n % 6, n, ${from} from range(${rows}) t(n)`,
    )
  }
  await connection.run('checkpoint')
  connection.closeSync()
  instance.closeSync()
}

/** What differs between the file and what was made; empty when nothing does. */
export async function differences(path: string, expected: Expected): Promise<string[]> {
  const instance = await DuckDBInstance.create(path, { access_mode: 'READ_ONLY' })
  const connection = await instance.connect()
  const sums = await readRows<[string, bigint, bigint, bigint]>(
    connection,
    `select category || '|' || currency, sum(orders)::bigint, sum(units)::bigint, sum(revenue_minor)::bigint
     from counts join series on id = series group by all`,
  )
  const minutes = await readRows<[number, bigint]>(connection, 'select minute, sum(units)::bigint from counts group by all order by all')
  connection.closeSync()
  instance.closeSync()
  const found = new Map(sums.map(([key, ...numbers]) => [key, numbers.map(Number)]))
  const series = Object.entries(expected.bySeries).filter(([key, wanted]) => String(found.get(key)) !== String(wanted))
  const wantedMinutes = expected.byMinute.filter((units) => units > 0)
  return [
    ...series.map(([key, wanted]) => `${key}: ${found.get(key)} instead of ${wanted}`),
    ...(found.size === Object.keys(expected.bySeries).length ? [] : [`${found.size} series`]),
    ...(String(minutes.map(([, units]) => units)) === String(wantedMinutes) ? [] : ['the units of the minutes differ']),
  ]
}
