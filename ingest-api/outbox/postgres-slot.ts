// How much WAL a replication slot holds back, and how much it may.
import type pg from 'pg'
import type { ReadSlot } from './watch-slot.ts'

type Row = { wal_status: string; retained: string | null; budget: string | null }

const SQL = `
  select coalesce(wal_status, 'lost') as wal_status, pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn)::bigint as retained,
    (select nullif(setting::bigint, -1) * 1024 * 1024 from pg_settings where name = 'max_slot_wal_keep_size') as budget
  from pg_replication_slots where slot_name = $1`

/** Reads the slot in the pool's cluster. */
export function postgresSlot(pool: pg.Pool, slot: string): ReadSlot {
  return async () => {
    const [row] = (await pool.query<Row>(SQL, [slot])).rows
    if (row === undefined) return undefined
    return {
      walStatus: row.wal_status,
      retainedBytes: Number(row.retained),
      budgetBytes: row.budget === null ? undefined : Number(row.budget),
    }
  }
}
