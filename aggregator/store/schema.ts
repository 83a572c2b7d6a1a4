// The tables of the counts file, by version: each entry brings a file of the version before it up to its own.

/**
 * What each transaction adds to buckets is appended to `changes`, for updating single rows at random costs several times as much.
 * Now and then those up to a revision, `absorbed`, are summed into `summed`; the counts are the sum of both.
 */
export const countsSql = (
  absorbed: string,
  database = '',
): string => `(select minute, series, orders, units, revenue_minor from ${database}summed
    union all select minute, series, orders, units, revenue_minor from ${database}changes where revision > ${absorbed})`

/** One row a bucket; one that is gone has none. */
export const bucketsSql = (absorbed: string, database = '', where = 'true'): string => `select minute, series, sum(orders)::bigint orders,
    sum(units)::bigint units, sum(revenue_minor)::bigint revenue_minor from ${countsSql(absorbed, database)} where ${where} group by minute, series having sum(orders) <> 0`

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
  // The past: what each change added, and the revisions at which asOf was kept. Minutes below folded_below are hours.
  `create table changes (revision bigint not null, minute integer not null, series integer not null,
     orders bigint not null, units bigint not null, revenue_minor bigint not null);
   create table kept (as_of bigint not null, revision bigint not null);
   alter table state add column folded_below integer default 0;`,
  // Counts as sums and what was added since. What is to be published are the changes behind published_up_to: those of the table dirty
  // become changes by nothing.
  `create table summed as select minute, series, orders, units, revenue_minor from counts;
   drop table counts;
   create table absorbed (revision bigint not null);
   insert into absorbed select revision from state;
   alter table state add column published_up_to bigint default 0;
   update state set published_up_to = coalesce((select min(revision) - 1 from dirty), revision);
   insert into changes select revision, minute, series, 0, 0, 0 from dirty;
   drop table dirty;
   create view counts as ${bucketsSql('(select revision from absorbed)')};
   create view dirty as select minute, series, revision from changes where revision > (select published_up_to from state);`,
  // Once begun, every partition there was has a position: one without was added later, and is read from its first record on.
  `alter table state add column begun boolean default false;`,
]

/** For whoever cannot open the file. */
export const WAY_BACK =
  'Everything in it can be counted again from the topic, as far back as that reaches: ops/runbooks/rebuild-counts.md. (make rebuild needs a file that opens.)'

/** What a transaction compares with; private to the writing connection. */
export const STAGE = `
  create temp table asked (event_id bigint);
  create temp table replayed (event_id bigint, "partition" integer, record_offset bigint);
  create temp table cells (revision bigint, minute integer, series integer, orders bigint, units bigint, revenue_minor bigint);`

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
