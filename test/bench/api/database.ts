// The database under the benchmark: emptied, filled to a size, and without the slot that nothing reads here.
import pg from 'pg'
import { stack } from '../../support/stack.ts'

async function withClient<T>(role: 'postgres' | 'tally_owner', work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: stack.database(role) })
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

/** Nothing reads the slot: it would keep all WAL, and the API would shed load for it. */
export const dropSlot = () =>
  withClient('postgres', (client) => client.query(`select pg_drop_replication_slot(slot_name) from pg_replication_slots where not active`))

export const emptyOrders = () => withClient('tally_owner', (client) => client.query('truncate orders, outbox'))

/** Fills up to `rows` orders of the merchants that are there, with the event each; then as after a quiet night: vacuumed, written out. */
export async function fillOrders(rows: number): Promise<void> {
  await withClient('tally_owner', async (client) => {
    await client.query(
      `insert into orders (id, merchant_id, external_order_id, content_hash, currency, placed_at, accepted_at, total_minor, lines)
       select first_tsid_at(now() - interval '1 day') + have + n, (select min(id) from merchants), md5(random()::text), sha256(n::text::bytea),
         'USD', now(), now(), 11994,
         jsonb_build_array(jsonb_build_object('sku', 'FUR-CH-1000', 'category', 'Chairs', 'quantity', 3, 'unitPriceMinor', 1999))
       from (select count(*) as have from orders) as before, generate_series(1, $1 - have) as n`,
      [rows],
    )
    await client.query('vacuum (analyze) orders')
  })
  await withClient('postgres', (client) => client.query('checkpoint'))
}
