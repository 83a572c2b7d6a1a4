// What is remembered of single events: whether they were counted, and from which records. Asked of the days in which they lie.
import type { DuckDBConnection } from '@duckdb/node-api'
import { readRows } from '@tally/platform/duckdb/file'
import type { Range } from '@tally/platform/records/read-ranges'
import { byDay, rangeOf } from '#store/id-days'
import { seenTable } from '#store/schema'
import { seenDays } from '#store/seen-days'
import type { Place, Traced } from './ask-counts.ts'

type PlaceRow = [eventId: bigint, partition: number, offset: bigint, countedAt: bigint | null]

/** One question a day of event ids, of the range in which they are, and one to the record of failures; ids are numbers, so they can stand in the text. */
export async function trace(connection: DuckDBConnection, eventIds: readonly bigint[]): Promise<Traced[]> {
  const [[forgottenBelow] = [0n]] = await readRows<[bigint]>(connection, 'select forgotten_below from state')
  const days = new Set(await seenDays(connection))
  const places = new Map<bigint, Place>()
  const keep = ([eventId, partition, offset, countedAt]: PlaceRow) => {
    if (countedAt !== null) places.set(eventId, { partition, offset, countedAtMs: Number(countedAt) })
  }
  const letters = await readRows<[...PlaceRow, reason: string, failedAt: bigint]>(
    connection,
    `select event_id, "partition", record_offset, counted_at, reason, failed_at from dead_letters where event_id in (${eventIds.join()})`,
  )
  const failures = new Map(letters.map(([eventId, , , , reason, failedAt]) => [eventId, { reason, failedAtMs: Number(failedAt) }]))
  for (const [eventId, partition, offset, countedAt] of letters) keep([eventId, partition, offset, countedAt])
  for (const [day, ids] of byDay(eventIds, (eventId) => eventId)) {
    if (!days.has(day)) continue
    const [min, max] = rangeOf(ids, (id) => id)
    const rows = await readRows<PlaceRow>(
      connection,
      `select event_id, "partition", record_offset, counted_at from ${seenTable(day)}
       where event_id between ${min} and ${max} and event_id in (${ids.join()})`,
    )
    for (const row of rows) keep(row)
  }
  return eventIds.map((eventId) => {
    const [counted, deadLettered] = [places.get(eventId), failures.get(eventId)]
    return { eventId, ...(counted && { counted }), ...(deadLettered && { deadLettered }), beforeWindow: eventId < forgottenBelow }
  })
}

/** A question a partition and day: rows lie in the order of their offsets, and between two of them only that part of a table is read. */
export async function countedOf(connection: DuckDBConnection, ranges: readonly Range[]): Promise<Range[]> {
  const places = (await seenDays(connection)).flatMap((day) =>
    [...Map.groupBy(ranges, ({ partition }) => partition)].map(([partition, asked]) => {
      const [from] = rangeOf(asked, (range) => range.from)
      const [, next] = rangeOf(asked, (range) => range.next)
      const within = asked.map((range) => `record_offset >= ${range.from} and record_offset < ${range.next}`).join(' or ')
      return `select "partition", record_offset from ${seenTable(day)}
        where "partition" = ${partition} and record_offset >= ${from} and record_offset < ${next} and (${within})`
    }),
  )
  if (places.length === 0) return []
  const rows = await readRows<[number, bigint, bigint]>(
    connection,
    `select "partition", min(record_offset) "from", max(record_offset) + 1
     from (select *, record_offset - row_number() over (partition by "partition" order by record_offset) island from (${places.join(' union all ')}))
     group by "partition", island order by "partition", "from"`,
  )
  return rows.map(([partition, from, next]) => ({ partition, from, next }))
}
