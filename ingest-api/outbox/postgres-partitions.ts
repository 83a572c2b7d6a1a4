// The outbox's partitions, by the database's own functions: this role cannot alter tables.
import type pg from 'pg'
import type { OutboxKept, OutboxPartitions } from './maintain-outbox.ts'

const KEPT = String.raw`
  select count(*)::int as partitions, coalesce(sum(pg_total_relation_size(inhrelid)), 0)::float8 as bytes,
    coalesce(extract(epoch from (now() at time zone 'utc')
      - min(to_date(right(relname, 8), 'YYYYMMDD')) filter (where relname ~ '^outbox_\d{8}$')), 0)::float8 as "oldestAgeSeconds",
    coalesce(extract(epoch from max(to_date(right(relname, 8), 'YYYYMMDD')) filter (where relname ~ '^outbox_\d{8}$')
      + interval '1 day' - (now() at time zone 'utc')), 0)::float8 as "aheadSeconds"
  from pg_inherits join pg_class on pg_class.oid = inhrelid
  where inhparent = 'outbox'::regclass`

/** Partitions of the outbox in the pool's database. */
export function postgresOutboxPartitions(pool: pg.Pool): OutboxPartitions {
  const count = async (call: string, values: unknown[]) => Number((await pool.query(`select ${call} as n`, values)).rows[0]?.n)
  return {
    ensure: (daysAhead) => count('ensure_outbox_partitions($1)', [daysAhead]),
    async kept() {
      const [kept] = (await pool.query<OutboxKept>(KEPT)).rows
      return kept ?? { partitions: 0, bytes: 0, oldestAgeSeconds: 0, aheadSeconds: 0 }
    },
    drop: (retentionDays, slot) => count('drop_outbox_partitions($1, $2)', [retentionDays, slot]),
  }
}
