// The same orders by five books: the orders table, the outbox, order-events, the aggregator's file and order-buckets.
import { DuckDBInstance } from '@duckdb/node-api'
import { kafkaLog } from '@tally/platform/kafka/log'
import { createLog } from '@tally/platform/process/log'
import { readRanges } from '@tally/platform/records/read-ranges'
import type { LogRecord, RecordLog } from '@tally/platform/records/record-log'
import pg from 'pg'
import { type Entry, enter, keyOf, type Ledger } from './ledger.ts'
import { readOrderBucket, readOrderPlaced } from './read-avro.ts'
import { stack } from './stack.ts'

const ORDERS = `select floor(extract(epoch from placed_at) / 60)::text as minute, line ->> 'category' as category, currency,
    count(distinct id)::text as orders, sum((line ->> 'quantity')::bigint)::text as units,
    sum((line ->> 'quantity')::bigint * (line ->> 'unitPriceMinor')::bigint)::text as revenue
  from orders, jsonb_array_elements(lines) line where line ->> 'category' like $1 || '%' group by 1, 2, 3`

async function query<R extends pg.QueryResultRow>(sql: string, values: unknown[]): Promise<R[]> {
  const client = new pg.Client(stack.database('tally_reader'))
  await client.connect()
  try {
    return (await client.query<R>(sql, values)).rows
  } finally {
    await client.end()
  }
}

/** The orders table, summed by PostgreSQL. */
export async function ordersTable(prefix: string): Promise<Ledger> {
  const rows = await query<Record<'minute' | 'category' | 'currency' | 'orders' | 'units' | 'revenue', string>>(ORDERS, [prefix])
  return new Map(
    rows.map(({ minute, category, currency, orders, units, revenue }) => [
      keyOf(BigInt(minute), category, currency),
      { orders: BigInt(orders), units: BigInt(units), revenueMinor: BigInt(revenue) },
    ]),
  )
}

/** The events as they left the API. */
export async function outboxTable(prefix: string): Promise<Ledger> {
  const rows = await query<{ payload: Buffer }>("select payload from outbox where position(convert_to($1, 'UTF8') in payload) > 0", [
    prefix,
  ])
  return ledgerOf(
    rows.map(({ payload }) => payload),
    prefix,
  )
}

/** order-events, every event id once; `repeated` is how many records more there are than ids. */
export async function eventsTopic(prefix: string): Promise<{ ledger: Ledger; repeated: number }> {
  const values = new Map<string, Buffer>()
  let records = 0
  for await (const { headers, value } of recordsOf('order-events')) {
    if (!value?.includes(prefix)) continue
    records += 1
    values.set(String(headers.id), value)
  }
  return { ledger: ledgerOf([...values.values()], prefix), repeated: records - values.size }
}

/** order-buckets, as a reader of that topic alone ends with: of each key the highest revision. */
export async function bucketsTopic(prefix: string): Promise<Ledger> {
  const latest = new Map<string, { entry: Entry; revision: bigint }>()
  for await (const { value } of recordsOf('order-buckets')) {
    if (value === null) continue
    const { key, category, entry, revision } = readOrderBucket(value)
    if (category.startsWith(prefix) && revision >= (latest.get(key)?.revision ?? 0n)) latest.set(key, { entry, revision })
  }
  return new Map([...latest].map(([key, { entry }]) => [key, entry]))
}

/** The counts in an aggregator's file that nobody has open. */
export async function countsFile(path: string, prefix: string): Promise<Ledger> {
  const instance = await DuckDBInstance.create(path, { access_mode: 'READ_ONLY' })
  const connection = await instance.connect()
  try {
    const read = await connection.runAndReadAll(
      `select minute, category, currency, orders, units, revenue_minor from counts join series on series = id
       where starts_with(category, ?) and orders <> 0`,
      [prefix],
    )
    const rows = read.getRows() as [number, string, string, bigint, bigint, bigint][]
    return new Map(
      rows.map(([minute, category, currency, orders, units, revenueMinor]) => [
        keyOf(minute, category, currency),
        { orders, units, revenueMinor },
      ]),
    )
  } finally {
    connection.closeSync()
    instance.closeSync()
  }
}

function ledgerOf(values: Buffer[], prefix: string): Ledger {
  const ledger: Ledger = new Map()
  for (const value of values) {
    const order = readOrderPlaced(value)
    if (order) enter(ledger, { ...order, lines: order.lines.filter(({ category }) => category.startsWith(prefix)) })
  }
  return ledger
}

/** Where each topic is read from: what lies before cannot speak of the orders to come. */
const starts = new Map<string, Map<number, bigint>>()

/** From here on the topics are read from where they end now. */
export async function startBooks(): Promise<void> {
  await withLog(async (log) => {
    for (const topic of ['order-events', 'order-buckets'])
      starts.set(topic, new Map([...(await log.bounds(topic))].map(([partition, { highWatermark }]) => [partition, highWatermark])))
  })
}

async function withLog<T>(work: (log: RecordLog) => Promise<T>): Promise<T> {
  const log = kafkaLog({ brokers: [stack.kafka], clientId: 'books', log: createLog('books', 'silent') })
  try {
    return await work(log)
  } finally {
    await log.close()
  }
}

/** Every record of a topic up to its end as it is now. */
export async function* recordsOf(topic: string): AsyncGenerator<LogRecord> {
  const log = kafkaLog({ brokers: [stack.kafka], clientId: 'books', log: createLog('books', 'silent') })
  try {
    const ranges = [...(await log.bounds(topic))].map(([partition, { logStart, highWatermark }]) => ({
      partition,
      from: starts.get(topic)?.get(partition) ?? logStart,
      next: highWatermark,
    }))
    yield* readRanges(log, topic, ranges)
  } finally {
    await log.close()
  }
}
