// Rows for the outbox: a backlog in one go, or one transaction each at a fixed rate.
import { setTimeout as delay } from 'node:timers/promises'
import { systemClock } from '@tally/platform/process/clock'
import { tsidMint } from '@tally/platform/process/ids'
import pg from 'pg'

const PAYLOAD_BYTES = 220
const ROWS_A_TRANSACTION = 1_000
const CONNECTIONS = 8
const mint = tsidMint(1, systemClock)
const payload = Buffer.alloc(PAYLOAD_BYTES, 7)

const MANY = `insert into outbox (id, aggregatetype, aggregateid, type, payload)
  select id, 'order', id::text, 'OrderPlaced', $2 from unnest($1::bigint[]) as id`
const ONE =
  "insert into outbox (id, aggregatetype, aggregateid, type, payload) values ($1::bigint, 'order', $1::bigint::text, 'OrderPlaced', $2)"

/** As many rows as asked for, a thousand a transaction. */
export async function insertBacklog(database: pg.Client, rows: number): Promise<void> {
  for (let done = 0; done < rows; done += ROWS_A_TRANSACTION) {
    const ids = Array.from({ length: Math.min(ROWS_A_TRANSACTION, rows - done) }, mint)
    await database.query(MANY, [ids, payload])
  }
}

/** Open loop. The ids, each with the time (performance.now) at which its commit was acknowledged. */
export async function insertAtRate(database: pg.Client, rate: number, seconds: number): Promise<Map<string, number>> {
  const { host, port, user, password } = database
  const pool = new pg.Pool({ host, port, user, password: password ?? '', database: database.database ?? '', max: CONNECTIONS })
  const committed = new Map<string, number>()
  const under: Promise<void>[] = []
  const began = performance.now()
  for (let n = 0; n < rate * seconds; n += 1) {
    const early = began + (n * 1_000) / rate - performance.now()
    if (early > 1) await delay(early)
    const id = mint()
    under.push(
      pool.query({ name: 'one', text: ONE, values: [id, payload] }).then(() => {
        committed.set(String(id), performance.now())
      }),
    )
  }
  await Promise.all(under)
  await pool.end()
  return committed
}
