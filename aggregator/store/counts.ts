// Counts, seen event ids, positions, asOf and what is still to be published, in one DuckDB transaction per flush.
import type { DuckDBConnection } from '@duckdb/node-api'
import { appendColumns } from '@tally/platform/duckdb/append'
import { readRows, transaction } from '@tally/platform/duckdb/file'
import { tsidTime } from '@tally/platform/process/ids'
import type { Cell } from '#count/bucket'
import type { Change, Counts, CountsState } from '#count/count-orders'
import type { Known, Place } from '#count/settle-slices'
import { cellColumns, placeColumns } from './columns.ts'
import { byDay, rangeOf } from './id-days.ts'
import { createSeen, STAGE, seenTable, startOfDay } from './schema.ts'
import { seenDays } from './seen-days.ts'

/** What the writing connection remembers of its own tables. A transaction works on a copy, which replaces it once committed. */
type Memory = {
  series: Map<string, number>
  seenDays: Set<number>
  deadLetters: boolean
  foldedBelow: number
  /** Units and revenue of all buckets together. */
  total: bigint
}

/**
 * @param connection the only one that writes to a migrated file
 * @param logStarts where a file that is new begins to count, by partition
 */
export async function duckdbCounts(
  connection: DuckDBConnection,
  logStarts: ReadonlyMap<number, bigint>,
): Promise<Counts & { reread(): Promise<CountsState> }> {
  await connection.run(STAGE)
  await begin(connection, logStarts)
  let memory = await readMemory(connection)
  return {
    state: await readState(connection),
    /** After something else has written: nothing is under way meanwhile. */
    async reread() {
      memory = await readMemory(connection)
      return readState(connection)
    },
    async transaction(work) {
      const after = { ...memory, series: new Map(memory.series), seenDays: new Set(memory.seenDays) }
      const answer = await transaction(connection, () =>
        work({
          known: (eventIds) => known(connection, after, eventIds),
          save: (change) => save(connection, after, change),
        }),
      )
      memory = after
      return answer
    },
  }
}

/**
 * Notes once where each partition begins. From then on, records that were deleted before they were read lie behind a position, whether
 * anything was read of their partition or not.
 */
async function begin(connection: DuckDBConnection, logStarts: ReadonlyMap<number, bigint>): Promise<void> {
  const [[begun] = [false]] = await readRows<[boolean]>(connection, 'select begun from state')
  if (begun) return
  await transaction(connection, async () => {
    for (const [partition, start] of logStarts)
      await connection.run(`insert into positions select ${partition}, ${start}::bigint
        where not exists (from positions where "partition" = ${partition})`)
    await connection.run('update state set begun = true')
  })
}

async function readState(connection: DuckDBConnection): Promise<CountsState> {
  const [row] = await readRows<[bigint | null, bigint, bigint, number]>(
    connection,
    'select as_of, revision, forgotten_below, folded_below from state',
  )
  if (row === undefined) throw new Error('the counts file has no state row')
  const [asOf, revision, forgottenBelow, foldedBelow] = row
  const positions = await readRows<[number, bigint]>(connection, 'select "partition", next_offset from positions')
  return { asOf, revision, forgottenBelow, foldedBelow, positions: new Map(positions) }
}

async function readMemory(connection: DuckDBConnection): Promise<Memory> {
  const series = await readRows<[number, string, string]>(connection, 'select id, category, currency from series')
  const letters = await readRows(connection, 'select 1 from dead_letters limit 1')
  const { foldedBelow } = await readState(connection)
  const [[total] = [0n]] = await readRows<[bigint]>(connection, 'select coalesce(sum(units) + sum(revenue_minor), 0) from counts')
  return {
    series: new Map(series.map(([id, category, currency]) => [seriesKey(category, currency), id])),
    seenDays: new Set(await seenDays(connection)),
    deadLetters: letters.length > 0,
    foldedBelow,
    total,
  }
}

/** Ids are time-sorted: only their days are asked, and of each only the range between its smallest and its largest id. */
async function known(connection: DuckDBConnection, { seenDays, deadLetters }: Memory, eventIds: readonly bigint[]): Promise<Known> {
  const found = { counted: new Set<bigint>(), deadLettered: new Set<bigint>() }
  const days = [...byDay(eventIds, itself)].filter(([day]) => seenDays.has(day))
  if (days.length === 0 && (!deadLetters || eventIds.length === 0)) return found
  await appendColumns(connection, 'asked', [BigInt64Array.from(eventIds)])
  const asked = (what: string, table: string, ids: readonly bigint[]) => {
    const [min, max] = rangeOf(ids, itself)
    return `select event_id, ${what} from ${table} semi join asked using (event_id) where event_id between ${min} and ${max}`
  }
  const queries = days.map(([day, ids]) => asked('true', seenTable(day), ids))
  if (deadLetters) queries.push(asked('counted_at is not null', 'dead_letters', eventIds))
  const rows = await readRows<[bigint, boolean]>(connection, queries.join(' union all '))
  await connection.run('delete from asked')
  for (const [id, wasCounted] of rows) (wasCounted ? found.counted : found.deadLettered).add(id)
  return found
}

const itself = (id: bigint) => id

async function save(connection: DuckDBConnection, memory: Memory, change: Change): Promise<void> {
  const { cells, counted, deadLetters, positions, revision, countedAtMs } = change
  if (cells.length > 0) {
    await saveCells(connection, memory, cells, revision)
    await saveSeen(connection, memory, counted, countedAtMs)
  }
  if (change.foldedBelow > memory.foldedBelow) await foldMinutes(connection, memory, change)
  if (memory.deadLetters || deadLetters.length > 0) await saveDeadLetters(connection, memory, change)
  if (positions.size > 0) {
    const rows = [...positions].map(([partition, next]) => `(${partition}, ${next}::bigint)`).join()
    await connection.run(`merge into positions p using (values ${rows}) s ("partition", next_offset) on p."partition" = s."partition"
      when matched then update set next_offset = s.next_offset when not matched then insert values (s."partition", s.next_offset)`)
  }
  for (const day of [...memory.seenDays].filter((day) => startOfDay(day + 1) <= tsidTime(change.forgottenBelow))) {
    await connection.run(`drop table ${seenTable(day)}`)
    memory.seenDays.delete(day)
  }
  await connection.run(
    `update state set as_of = ${change.asOf ?? 'null'}, revision = ${revision}, forgotten_below = ${change.forgottenBelow}, folded_below = ${change.foldedBelow},
       published_up_to = greatest(published_up_to, ${change.publishedUpTo})`,
  )
}

/** What is added is appended, never looked up. It says as well what is to be published, and from there back to the answers of then. */
async function saveCells(connection: DuckDBConnection, memory: Memory, cells: readonly Cell[], revision: bigint): Promise<void> {
  const ids: number[] = []
  let before: Cell | undefined
  for (const cell of cells) {
    const same = before?.category === cell.category && before.currency === cell.currency
    ids.push(same ? (ids.at(-1) as number) : await seriesId(connection, memory.series, cell))
    before = cell
  }
  const columns = cellColumns(revision, cells, ids)
  for (const { units, revenueMinor } of cells) memory.total += BigInt(units) + revenueMinor
  if (memory.total > MAX) await checkSums(connection, columns)
  await appendColumns(connection, 'changes', columns)
}

/** No bucket holds more than all of them: as long as that fits in 64 bits, so does every sum. */
const MAX = 2n ** 63n - 1n

/** @throws RangeError when a bucket would not fit any more: money never wraps around */
async function checkSums(connection: DuckDBConnection, columns: ReturnType<typeof cellColumns>): Promise<void> {
  await appendColumns(connection, 'cells', columns)
  const [row] = await readRows<[string]>(
    connection,
    `select category || ', ' || currency from cells s join counts c using (minute, series) join series on id = series
     where greatest(c.revenue_minor::hugeint + s.revenue_minor, c.units::hugeint + s.units) > ${MAX} limit 1`,
  )
  await connection.run('delete from cells')
  if (row) throw new RangeError(`a sum of ${row[0]} would be out of range: it does not fit in 64 bits`)
}

/** Minutes become the first of their hour, but where that would not fit. They are published once more: whole hours, and zeros for what is gone. */
async function foldMinutes(connection: DuckDBConnection, memory: Memory, { foldedBelow, revision }: Change): Promise<void> {
  const hour = '(partition by minute // 60, series)'
  const fits = memory.total > MAX ? `qualify greatest(sum(units) over ${hour}, sum(revenue_minor) over ${hour}) <= ${MAX}` : ''
  await connection.run(`insert into changes with old as (from counts where minute >= ${memory.foldedBelow} and minute < ${foldedBelow} ${fits})
    select ${revision}, minute, series, -orders, -units, -revenue_minor from old
    union all select ${revision}, minute // 60 * 60 "hour", series, sum(orders), sum(units), sum(revenue_minor) from old group by "hour", series`)
  memory.foldedBelow = foldedBelow
}

async function saveSeen(connection: DuckDBConnection, { seenDays }: Memory, counted: readonly Place[], countedAtMs: number): Promise<void> {
  for (const [day, places] of byDay(counted, ({ eventId }) => eventId)) {
    if (!seenDays.has(day)) await connection.run(createSeen(day))
    seenDays.add(day)
    await appendColumns(connection, seenTable(day), [...placeColumns(places), new BigInt64Array(places.length).fill(BigInt(countedAtMs))])
  }
}

/** Kept without limit: an event that stands here uncounted may be counted however old it is, once. */
async function saveDeadLetters(
  connection: DuckDBConnection,
  memory: Memory,
  { replayed, deadLetters, countedAtMs }: Change,
): Promise<void> {
  for (const { eventId, partition, offset, reason, counted: wasCounted } of deadLetters) {
    await connection.run(
      `insert into dead_letters select ?, ?, ?, ?, ?, ? where not exists (from dead_letters where event_id = ${eventId})`,
      [eventId, partition, offset, reason, BigInt(countedAtMs), wasCounted ? BigInt(countedAtMs) : null],
    )
    memory.deadLetters = true
  }
  if (replayed.length === 0) return
  await appendColumns(connection, 'replayed', placeColumns(replayed))
  await connection.run(`update dead_letters d set counted_at = ${countedAtMs}, "partition" = r."partition", record_offset = r.record_offset
    from replayed r where d.event_id = r.event_id`)
  await connection.run('delete from replayed')
}

async function seriesId(connection: DuckDBConnection, series: Memory['series'], { category, currency }: Cell): Promise<number> {
  const key = seriesKey(category, currency)
  const known = series.get(key)
  if (known !== undefined) return known
  const id = series.size
  await connection.run('insert into series values (?, ?, ?)', [id, category, currency])
  series.set(key, id)
  return id
}

const seriesKey = (category: string, currency: string) => `${currency}|${category}`
