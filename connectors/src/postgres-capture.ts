// Replication slot, publication and heartbeat as PostgreSQL tells them, and the slot made anew.
import type pg from 'pg'
import type { SlotFacts, Wanted } from './capture.ts'

type SlotRow = { active: boolean; wal_status: string | null; confirmed: string | null; retained: string | null; budget: string | null }

const SLOT = `
  select active, wal_status, (confirmed_flush_lsn - '0/0')::bigint as confirmed,
    pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn)::bigint as retained,
    (select nullif(setting::bigint, -1) * 1024 * 1024 from pg_settings where name = 'max_slot_wal_keep_size') as budget
  from pg_replication_slots where slot_name = $1`

const PUBLICATION = `
  select array(select schemaname || '.' || tablename from pg_publication_tables where pubname = $1) as tables
  from pg_publication where pubname = $1`

const HEARTBEAT = `
  select extract(epoch from clock_timestamp()) * 1000 as now, (select extract(epoch from clock_timestamp() - max(at)) * 1000 from dbz_heartbeat) as age`

export function postgresCapture(client: pg.Client) {
  return {
    async facts({ slot, publication }: Wanted) {
      const [published] = (await client.query<{ tables: string[] }>(PUBLICATION, [publication])).rows
      const [heartbeat] = (await client.query<{ now: string; age: string | null }>(HEARTBEAT)).rows
      const [row] = (await client.query<SlotRow>(SLOT, [slot])).rows
      return {
        slot: row && slotFacts(row),
        published: published?.tables,
        heartbeatAgeMs: heartbeat?.age == null ? undefined : Number(heartbeat.age),
        nowMs: Number(heartbeat?.now),
      }
    },
    async newestEvent(): Promise<bigint | undefined> {
      const [row] = (await client.query<{ id: string | null }>('select max(id) as id from outbox')).rows
      return row?.id == null ? undefined : BigInt(row.id)
    },
    /** A slot of that name at the present end of the WAL, whatever was there before. */
    async recreateSlot(slot: string): Promise<void> {
      await client.query('select pg_drop_replication_slot(slot_name) from pg_replication_slots where slot_name = $1', [slot])
      await client.query("select pg_create_logical_replication_slot($1, 'pgoutput', false, false, true)", [slot])
    },
  }
}

const slotFacts = ({ active, wal_status, confirmed, retained, budget }: SlotRow): SlotFacts => ({
  active,
  walStatus: wal_status ?? 'lost',
  confirmedLsn: BigInt(confirmed ?? 0),
  retainedBytes: Number(retained ?? 0),
  budgetBytes: budget === null ? undefined : Number(budget),
})
