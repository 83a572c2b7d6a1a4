// A node lease is a PostgreSQL advisory lock: it ends with the session that took it, whatever happens to the process.
import { Unavailable } from '@tally/platform/process/errors'
import { MAX_NODE } from '@tally/platform/process/ids'
import pg from 'pg'
import type { NodeLease, TakeLease } from './leased-ids.ts'

const LOCK_CLASS = 20_260
const TIMEOUT_MS = 3_000

/** Takes the first free node on a session of its own. */
export function postgresNodeLeases(connectionString: string): TakeLease {
  return async () => {
    const client = new pg.Client({
      connectionString,
      application_name: 'tally-ingest-api-lease',
      connectionTimeoutMillis: TIMEOUT_MS,
      query_timeout: TIMEOUT_MS,
      keepAlive: true,
    })
    const lost = new AbortController()
    client.on('error', () => lost.abort())
    client.on('end', () => lost.abort())
    try {
      await client.connect()
      return await takeFirstFree(client, lost.signal)
    } catch (error) {
      await client.end().catch(() => {})
      throw error
    }
  }
}

async function takeFirstFree(client: pg.Client, lost: AbortSignal): Promise<NodeLease> {
  const free = await client.query<{ node: number }>(
    'select node from generate_series(0, $2::int) as node where pg_try_advisory_lock($1, node) limit 1',
    [LOCK_CLASS, MAX_NODE],
  )
  const node = free.rows[0]?.node
  if (node === undefined) throw new Unavailable(`all ${MAX_NODE + 1} node leases are taken`)
  await client.query('insert into node_leases (node, reserved_ms) values ($1, 0) on conflict do nothing', [node])
  const before = await client.query<{ reserved_ms: string }>('select reserved_ms from node_leases where node = $1', [node])
  return {
    node,
    reservedMs: Number(before.rows[0]?.reserved_ms),
    lost,
    async reserve(untilMs) {
      await client.query('update node_leases set reserved_ms = greatest(reserved_ms, $2) where node = $1', [node, untilMs])
    },
    release: () => client.end().catch(() => {}),
  }
}
