// The tables of the forecaster's file, by version: each entry brings a file of the version before it up to its own.

/** No keys and no indexes: one writer merges set by set, and joins are pruned by the minutes of the slice. */
export const MIGRATIONS: readonly string[] = [
  `create table state (as_of bigint);
   insert into state values (null);
   create table positions ("partition" integer not null, next_offset bigint not null);
   create table series (id integer not null, category varchar not null, currency varchar not null);
   create table buckets (minute integer not null, series integer not null,
     orders bigint not null, units bigint not null, revenue_minor bigint not null, revision bigint not null);
   create table forecasts (name varchar not null, fingerprint varchar not null, forecast varchar not null, published boolean not null);`,
]

/** What a transaction stages before it merges; private to the writing connection. */
export const STAGE = `
  create temp table stage (minute integer, series integer, orders bigint, units bigint, revenue_minor bigint, revision bigint);`
