// Compares the counts with a file that was counted anew, and puts right what differs: buckets, remembered events, dead letters.
import { rm } from 'node:fs/promises'
import type { DuckDBConnection } from '@duckdb/node-api'
import { readRows, transaction } from '@tally/platform/duckdb/file'
import { tsidTime } from '@tally/platform/process/ids'
import { bucketsSql, createSeen, seenTable, startOfDay } from '#store/schema'
import { seenDays } from '#store/seen-days'
import type { RebuildStore, Repair, Starts } from './rebuild-counts.ts'

/** More than an order may be placed ahead of its event's id. */
const AHEAD_MINUTES = 60

const SUMS = ['orders', 'units', 'revenue_minor']

/** Positions as a list of values; of a topic without partitions there are none. */
const valuesOf = (starts: Starts) => [...starts].map(([partition, start]) => `(${partition}, ${start}::bigint)`).join()

type Beside = {
  reread: RebuildStore['reread']
  /** Counting into that file, which is not there yet. */
  open(path: string, starts: Starts): Promise<Omit<Awaited<ReturnType<RebuildStore['create']>>, 'path'>>
}

/**
 * @param connection used by nobody else
 * @param path of the file that is counted anew
 */
export function duckdbRebuild(connection: DuckDBConnection, path: string, { reread, open }: Beside): RebuildStore {
  const remove = async () => {
    for (const file of [path, `${path}.wal`]) await rm(file, { force: true })
  }
  return {
    completeFrom: (starts) => completeFrom(connection, starts),
    async create(starts) {
      await remove()
      return { path, ...(await open(path, starts)) }
    },
    repair: (what) => repair(connection, what),
    reread,
    remove,
  }
}

/**
 * What is not in the topic any more was counted before it begins: buckets that such orders may be in cannot be counted again.
 * Times of event ids tell; of ids that are forgotten only that they are older.
 */
async function completeFrom(connection: DuckDBConnection, starts: Starts): Promise<number> {
  if ([...starts.values()].every((start) => start === 0n)) return 0
  const [[latest] = [0n]] = await readRows<[bigint]>(connection, 'select forgotten_below from state')
  let id = latest
  for (const day of await seenDays(connection)) {
    const [row] = await readRows<[bigint | null]>(
      connection,
      `select max(event_id) from ${seenTable(day)} s join (values ${valuesOf(starts)}) b ("partition", start) using ("partition") where record_offset < start`,
    )
    if (row?.[0] && row[0] > id) id = row[0]
  }
  return (Math.floor(tsidTime(id) / 3_600_000) + 1) * 60 + AHEAD_MINUTES
}

async function repair(connection: DuckDBConnection, { path, from, starts, revision }: Repair): Promise<number> {
  await detach(connection)
  await connection.run(`attach '${path.replaceAll("'", "''")}' as fresh (read_only)`)
  try {
    return await transaction(connection, async () => {
      await repairSeen(connection, starts)
      await repairLetters(connection, starts)
      return repairBuckets(connection, from, revision)
    })
  } finally {
    await detach(connection).catch(() => {})
  }
}

async function detach(connection: DuckDBConnection): Promise<void> {
  await connection.run('drop table if exists differing')
  await connection.run('detach database if exists fresh')
}

async function repairBuckets(connection: DuckDBConnection, from: number, revision: bigint): Promise<number> {
  await connection.run(`insert into series select (select coalesce(max(id), -1) from series) + row_number() over (), category, currency
    from (select category, currency from fresh.series except select category, currency from series)`)
  await connection.run(`create temp table differing as
    with anew as (select minute, s.id series, ${SUMS.join()} from (${bucketsSql('(select revision from fresh.absorbed)', 'fresh.')}) c join fresh.series f on f.id = c.series
        join series s on s.category = f.category and s.currency = f.currency where minute >= ${from}),
      before as (select * from counts where minute >= ${from})
    select minute, series, ${SUMS.map((sum) => `coalesce(a.${sum}, 0) - coalesce(b.${sum}, 0) more_${sum}`).join()}
    from anew a full join before b using (minute, series) where ${SUMS.map((sum) => `a.${sum} is distinct from b.${sum}`).join(' or ')}`)
  await connection.run(`insert into changes select ${revision}, minute, series, ${SUMS.map((sum) => `more_${sum}`).join()} from differing`)
  await connection.run(`update state set revision = ${revision}`)
  const [[repaired] = [0n]] = await readRows<[bigint]>(connection, 'select count(*) from differing')
  return Number(repaired)
}

/** Of what lies in the topic, exactly the events that were counted anew are remembered; older ones stay. */
async function repairSeen(connection: DuckDBConnection, starts: Starts): Promise<void> {
  const [before, anew] = [new Set(await seenDays(connection)), new Set(await seenDays(connection, "'fresh'"))]
  const [[forgottenBelow] = [0n]] = await readRows<[bigint]>(connection, 'select forgotten_below from state')
  for (const day of before.union(anew)) {
    if (startOfDay(day + 1) <= tsidTime(forgottenBelow)) continue
    const table = seenTable(day)
    if (!before.has(day)) await connection.run(createSeen(day))
    const counted = anew.has(day) ? `not exists (from fresh.${table} f where f.event_id = s.event_id)` : 'true'
    await connection.run(`delete from ${table} s using (values ${valuesOf(starts)}) b ("partition", start)
      where s."partition" = b."partition" and record_offset >= start and ${counted}`)
    if (anew.has(day)) await connection.run(`insert into ${table} select f.* from fresh.${table} f anti join ${table} s using (event_id)`)
  }
}

/**
 * A dead letter that was counted anew is counted: a replay of it counts nothing more, also when its id is forgotten. One is uncounted
 * again only where the record it was counted from was read anew without counting it.
 */
async function repairLetters(connection: DuckDBConnection, starts: Starts): Promise<void> {
  for (const day of await seenDays(connection, "'fresh'"))
    await connection.run(`update dead_letters d set counted_at = f.counted_at, "partition" = f."partition", record_offset = f.record_offset
      from fresh.${seenTable(day)} f where f.event_id = d.event_id and d.counted_at is null`)
  const remembered = (await seenDays(connection)).map((day) => `select event_id from ${seenTable(day)}`)
  await connection.run(`update dead_letters d set counted_at = null, "partition" = f."partition", record_offset = f.record_offset
    from fresh.dead_letters f where f.event_id = d.event_id and f.counted_at is null and d.counted_at is not null
      and d.event_id not in (${['select -1', ...remembered].join(' union all ')})
      and (d.event_id >= (select forgotten_below from state)
        or (d."partition", d.record_offset) <> (f."partition", f.record_offset)
          and exists (from (values ${valuesOf(starts)}) b ("partition", start) where b."partition" = d."partition" and d.record_offset >= start))`)
  await connection.run(`insert into dead_letters select * from fresh.dead_letters f
    where event_id >= (select forgotten_below from state) and not exists (from dead_letters d where d.event_id = f.event_id)`)
}
