// The tables of the counts file, by version: each entry brings a file of the version before it up to its own.

/**
 * Event ids lie in one table per day of their time, seen_YYYYMMDD, so that forgetting a day is dropping a table. No keys and
 * no indexes: one writer merges set by set, and joins are pruned by the smallest minute or id of the batch.
 */
export const MIGRATIONS: readonly string[] = [
  `create table state (as_of bigint, revision bigint not null, forgotten_below bigint not null);
   insert into state values (null, 0, 0);
   create table positions ("partition" integer not null, next_offset bigint not null);
   create table series (id integer not null, category varchar not null, currency varchar not null);
   create table counts (minute integer not null, series integer not null,
     orders bigint not null, units bigint not null, revenue_minor bigint not null, revision bigint not null);
   create table dirty (minute integer not null, series integer not null, revision bigint not null);
   create table dead_letters (event_id bigint not null, "partition" integer not null, record_offset bigint not null,
     reason varchar not null, failed_at bigint not null, counted_at bigint);`,
]

/** What a transaction stages before it merges; private to the writing connection. */
export const STAGE = `
  create temp table asked (event_id bigint);
  create temp table replayed (event_id bigint, "partition" integer, record_offset bigint);
  create temp table cells (minute integer, series integer, orders bigint, units bigint, revenue_minor bigint);`

/** The table of one day of event ids. */
export const createSeen = (day: number): string =>
  `create table ${seenTable(day)} (event_id bigint not null, "partition" integer not null, record_offset bigint not null, counted_at bigint not null)`

const DAY_MS = 86_400_000

/** Days since the epoch. */
export const dayOf = (epochMs: number): number => Math.floor(epochMs / DAY_MS)
export const startOfDay = (day: number): number => day * DAY_MS

export const seenTable = (day: number): string => `seen_${new Date(startOfDay(day)).toISOString().slice(0, 10).replaceAll('-', '')}`

/** The day that a seen table holds; undefined for another table. */
export function seenDay(table: string): number | undefined {
  const [, year, month, day] = /^seen_(\d{4})(\d\d)(\d\d)$/.exec(table) ?? []
  return day === undefined ? undefined : dayOf(Date.UTC(Number(year), Number(month) - 1, Number(day)))
}
