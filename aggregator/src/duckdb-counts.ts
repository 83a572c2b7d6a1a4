// Counts, seen event ids, positions, asOf and what is still to be published, in one DuckDB transaction per flush.
import type { DuckDBConnection } from '@duckdb/node-api'
import { readRows, transaction } from '@tally/platform/duckdb'
import { appendColumns } from '@tally/platform/duckdb-append'
import { tsidTime } from '@tally/platform/tsid'
import type { Cell } from './bucket.ts'
import { cellColumns, placeColumns } from './columns.ts'
import type { Change, Counts, CountsState } from './count-orders.ts'
import { createSeen, dayOf, STAGE, seenDay, seenTable, startOfDay } from './counts-schema.ts'
import type { Known, Place } from './settle-slices.ts'

/** What the writing connection remembers of its own tables. A transaction works on a copy, which replaces it once committed. */
type Memory = { series: Map<string, number>; seenDays: Set<number>; deadLetters: boolean }

/** @param connection the only one that writes to a migrated file */
export async function duckdbCounts(connection: DuckDBConnection): Promise<Counts> {
  await connection.run(STAGE)
  let memory = await readMemory(connection)
  return {
    state: await readState(connection),
    async transaction(work) {
      const after = { series: new Map(memory.series), seenDays: new Set(memory.seenDays), deadLetters: memory.deadLetters }
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

async function readState(connection: DuckDBConnection): Promise<CountsState> {
  const [row] = await readRows<[bigint | null, bigint, bigint]>(connection, 'select as_of, revision, forgotten_below from state')
  if (row === undefined) throw new Error('the counts file has no state row')
  const [asOf, revision, forgottenBelow] = row
  const positions = await readRows<[number, bigint]>(connection, 'select "partition", next_offset from positions')
  return { asOf, revision, forgottenBelow, positions: new Map(positions) }
}

async function readMemory(connection: DuckDBConnection): Promise<Memory> {
  const series = await readRows<[number, string, string]>(connection, 'select id, category, currency from series')
  const tables = await readRows<[string]>(connection, 'select table_name from duckdb_tables() where not temporary')
  const letters = await readRows(connection, 'select 1 from dead_letters limit 1')
  return {
    series: new Map(series.map(([id, category, currency]) => [seriesKey(category, currency), id])),
    seenDays: new Set(tables.map(([name]) => seenDay(name)).filter((day) => day !== undefined)),
    deadLetters: letters.length > 0,
  }
}

/** Ids are time-sorted: only the days between the smallest and the largest are asked, and in them only that range. */
async function known(connection: DuckDBConnection, { seenDays, deadLetters }: Memory, eventIds: readonly bigint[]): Promise<Known> {
  const none = { counted: new Set<bigint>(), deadLettered: new Set<bigint>() }
  const [first] = eventIds
  if (first === undefined) return none
  let [min, max] = [first, first]
  for (const id of eventIds) {
    if (id < min) min = id
    if (id > max) max = id
  }
  const days = [...seenDays].filter((day) => day >= dayOf(tsidTime(min)) && day <= dayOf(tsidTime(max)))
  if (days.length === 0 && !deadLetters) return none
  await appendColumns(connection, 'asked', [BigInt64Array.from(eventIds)])
  const range = `event_id between ${min} and ${max}`
  const seen = days.map((day) => `select event_id, true from ${seenTable(day)} semi join asked using (event_id) where ${range}`)
  const letters = `select event_id, counted_at is not null from dead_letters semi join asked using (event_id) where ${range}`
  const rows = await readRows<[bigint, boolean]>(connection, [...seen, ...(deadLetters ? [letters] : [])].join(' union all '))
  await connection.run('delete from asked')
  for (const [id, wasCounted] of rows) (wasCounted ? none.counted : none.deadLettered).add(id)
  return none
}

async function save(connection: DuckDBConnection, memory: Memory, change: Change): Promise<void> {
  const { cells, counted, deadLetters, positions, revision, countedAtMs } = change
  if (cells.length > 0) {
    await saveCells(connection, memory, cells, revision)
    await saveSeen(connection, memory, counted, countedAtMs)
  }
  if (memory.deadLetters || deadLetters.length > 0) await saveDeadLetters(connection, memory, change)
  if (positions.size > 0) {
    const rows = [...positions].map(([partition, next]) => `(${partition}, ${next}::bigint)`).join()
    await connection.run(`merge into positions p using (values ${rows}) s ("partition", next_offset) on p."partition" = s."partition"
      when matched then update set next_offset = s.next_offset when not matched then insert values (s."partition", s.next_offset)`)
  }
  if (change.publishedUpTo > 0n) await connection.run(`delete from dirty where revision <= ${change.publishedUpTo}`)
  for (const day of [...memory.seenDays].filter((day) => startOfDay(day + 1) <= tsidTime(change.forgottenBelow))) {
    await connection.run(`drop table ${seenTable(day)}`)
    memory.seenDays.delete(day)
  }
  await connection.run(
    `update state set as_of = ${change.asOf ?? 'null'}, revision = ${revision}, forgotten_below = ${change.forgottenBelow}`,
  )
}

/** One MERGE of whole sets. DuckDB refuses a sum beyond 64 bits, and so does `cellColumns`: money never wraps around. */
async function saveCells(connection: DuckDBConnection, { series }: Memory, cells: readonly Cell[], revision: bigint): Promise<void> {
  const ids: number[] = []
  let before: Cell | undefined
  for (const cell of cells) {
    const same = before?.category === cell.category && before.currency === cell.currency
    ids.push(same ? (ids.at(-1) as number) : await seriesId(connection, series, cell))
    before = cell
  }
  await appendColumns(connection, 'cells', cellColumns(cells, ids))
  await connection.run(`merge into counts c using cells s on c.minute = s.minute and c.series = s.series
    when matched then update set orders = c.orders + s.orders, units = c.units + s.units,
      revenue_minor = c.revenue_minor + s.revenue_minor, revision = ${revision}
    when not matched then insert values (s.minute, s.series, s.orders, s.units, s.revenue_minor, ${revision})`)
  await connection.run(`insert into dirty select minute, series, ${revision} from cells`)
  await connection.run('delete from cells')
}

async function saveSeen(connection: DuckDBConnection, { seenDays }: Memory, counted: readonly Place[], countedAtMs: number): Promise<void> {
  const byDay = Map.groupBy(counted, ({ eventId }) => dayOf(tsidTime(eventId)))
  for (const [day, places] of byDay) {
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
