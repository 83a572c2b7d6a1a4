// The end of every chaos test: what was acknowledged stands in each of the five books, once and to the cent.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { bucketsTopic, countsFile, eventsTopic, ordersTable, outboxTable } from './books.ts'
import { startService, stopDrained } from './faults.ts'
import { differences, type Ledger } from './ledger.ts'
import { stackDir } from './stack.ts'
import { until } from './until.ts'

const SHOWN = 5

/** Where the stack keeps the aggregator's file. */
export const COUNTS_FILE = join(stackDir, 'aggregator-data', 'aggregator.duckdb')

export class BooksDiffer extends Error {
  override name = 'BooksDiffer'
}

function mustAgree(placed: Ledger, name: string, ledger: Ledger): void {
  const found = differences({ name: 'what was acknowledged', ledger: placed }, { name, ledger })
  if (found.length === 0) return
  const more = found.length > SHOWN ? `\n… and ${found.length - SHOWN} more` : ''
  throw new BooksDiffer(`${found.length} differences\n${found.slice(0, SHOWN).join('\n')}${more}`)
}

/**
 * Compares what was acknowledged under the prefix with every book, per minute, category and currency. The aggregator is
 * stopped to read its file, must drain, and is started again.
 * @returns how often an event stands in order-events more than once
 * @throws BooksDiffer naming the first differences
 */
export async function checkBooks(placed: Ledger, prefix: string, file = COUNTS_FILE): Promise<{ repeated: number }> {
  mustAgree(placed, 'the orders table', await ordersTable(prefix))
  mustAgree(placed, 'the outbox', await outboxTable(prefix))
  const events = await eventsTopic(prefix)
  mustAgree(placed, 'order-events', events.ledger)
  await until(async () => mustAgree(placed, 'order-buckets', await bucketsTopic(prefix)) ?? true, {
    what: 'order-buckets agrees',
    everyMs: 500,
  })
  await stopDrained('aggregator')
  try {
    if (existsSync(`${file}.wal`)) throw new Error(`the drained aggregator left ${file}.wal`)
    mustAgree(placed, "the aggregator's file", await countsFile(file, prefix))
  } finally {
    await startService('aggregator')
  }
  return { repeated: events.repeated }
}
