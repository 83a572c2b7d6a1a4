// Replication slot, publication and heartbeat as PostgreSQL tells them, and the slot made anew.
import { tsidTime } from '@tally/platform/process/ids'
import type { SlotFacts, Wanted } from './capture.ts'
import type { Queries } from './postgres-session.ts'

type SlotRow = { active: boolean; wal_status: string | null; confirmed: string | null; retained: string | null; budget: string | null }

const SLOT = `
  select active, wal_status, (confirmed_flush_lsn - '0/0')::bigint as confirmed,
    pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn)::bigint as retained,
    (select nullif(setting::bigint, -1) * 1024 * 1024 from pg_settings where name = 'max_slot_wal_keep_size') as budget
  from pg_replication_slots where slot_name = $1`

const PUBLICATION = `
  select array(select schemaname || '.' || tablename from pg_publication_tables where pubname = $1) as tables
  from pg_publication where pubname = $1`

const NOW = 'select extract(epoch from clock_timestamp()) * 1000 as now'
const HEARTBEAT = 'select extract(epoch from clock_timestamp() - max(at)) * 1000 as value from dbz_heartbeat'
const NEWEST = 'select max(id) as value from outbox'

const UNDEFINED_TABLE = '42P01'

export function postgresCapture(client: Queries) {
  /** The one value; undefined when there is none, or not even the table. */
  async function oneValue(sql: string): Promise<string | undefined> {
    try {
      return (await client.query<{ value: string | null }>(sql)).rows[0]?.value ?? undefined
    } catch (error) {
      if ((error as { code?: string }).code === UNDEFINED_TABLE) return undefined
      throw error
    }
  }

  async function newestEvent(): Promise<bigint | undefined> {
    const id = await oneValue(NEWEST)
    return id === undefined ? undefined : BigInt(id)
  }

  return {
    newestEvent,
    async facts({ slot, publication }: Wanted) {
      const [published] = (await client.query<{ tables: string[] }>(PUBLICATION, [publication])).rows
      const heartbeatAge = await oneValue(HEARTBEAT)
      const newest = await newestEvent()
      const [row] = (await client.query<SlotRow>(SLOT, [slot])).rows
      const [clock] = (await client.query<{ now: string }>(NOW)).rows
      return {
        slot: row && slotFacts(row),
        published: published?.tables,
        heartbeatAgeMs: heartbeatAge === undefined ? undefined : Number(heartbeatAge),
        newestEventMs: newest === undefined ? undefined : tsidTime(newest),
        nowMs: Number(clock?.now),
      }
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
