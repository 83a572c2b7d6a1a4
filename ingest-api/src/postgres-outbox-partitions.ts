// The outbox's partitions, by the database's own functions: this role cannot alter tables.
import type pg from 'pg'
import type { OutboxPartitions } from './care-for-outbox.ts'

/** Partitions of the outbox in the pool's database. */
export function postgresOutboxPartitions(pool: pg.Pool): OutboxPartitions {
  const count = async (call: string, values: unknown[]) => Number((await pool.query(`select ${call} as n`, values)).rows[0]?.n)
  return {
    ensure: (daysAhead) => count('ensure_outbox_partitions($1)', [daysAhead]),
    drop: (retentionDays, slot) => count('drop_outbox_partitions($1, $2)', [retentionDays, slot]),
  }
}
