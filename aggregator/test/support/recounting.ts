// The aggregator's counting and its rebuild over a topic of a test's own; an order travels as JSON.
import type { DuckDBConnection } from '@duckdb/node-api'
import type { DuckDbFile } from '@tally/platform/duckdb/file'
import { consume } from '@tally/platform/loop/consume'
import { InvalidMessage } from '@tally/platform/process/errors'
import { createLog } from '@tally/platform/process/log'
import type { LogRecord, RecordLog } from '@tally/platform/records/record-log'
import { Registry } from 'prom-client'
import type { OrderEvent } from '../../count/order-event.ts'
import { rebuildCounts } from '../../rebuild/rebuild-counts.ts'
import { duckdbRebuild } from '../../rebuild/repair.ts'
import { type Opened, openCounting } from './counting.ts'
import { order } from './orders.ts'

const log = createLog('test', 'silent')

export const encode = ({ eventId, order }: OrderEvent, partition: number) => ({
  key: null,
  partition,
  headers: { id: Buffer.from(String(eventId)) },
  value: Buffer.from(JSON.stringify(order, (_, value) => (typeof value === 'bigint' ? String(value) : value))),
})

export function decode({ value, headers }: LogRecord): OrderEvent {
  if (!value?.toString().startsWith('{')) throw new InvalidMessage('undecodable', 'not JSON')
  const { placedAt, currency, lines } = JSON.parse(String(value))
  const read = lines.map((one: { unitPriceMinor: string }) => ({ ...one, unitPriceMinor: BigInt(one.unitPriceMinor) }))
  return { eventId: BigInt(String(headers.id)), order: order({ placedAt: BigInt(placedAt), currency, lines: read }) }
}

/** The same log, in which the topic goes by the name that the aggregator knows. */
export const renamed = (log: RecordLog, topic: string): RecordLog => ({
  ...log,
  bounds: () => log.bounds(topic),
  subscribe: (subscription) => log.subscribe({ ...subscription, topics: [topic] }),
})

/** Counts the topic under the group. */
export async function counted(opened: Opened, recordLog: RecordLog, topic: string, group: string) {
  const handler = { ...opened.counting, decode }
  return consume({ recordLog, topics: [topic], group, handler, clock: opened.clock, log, metrics: new Registry() })
}

type Wraps = {
  wrap?(file: DuckDbFile): DuckDbFile
  wrapFresh?(connection: DuckDBConnection): DuckDBConnection
  reread?: Opened['reread']
  fail?(error: unknown): void
}

const rethrow = (error: unknown) => {
  throw error
}

/** @param wraps of the connections to the counts and to the new file, and what reads the counts again: to make them fail */
export async function recounting(opened: Opened, recordLog: RecordLog, path: string, wraps: Wraps = {}) {
  const { wrap = (file) => file, wrapFresh, reread = opened.reread, fail = rethrow } = wraps
  const stopping = new AbortController()
  const store = duckdbRebuild(await wrap(opened.file).connect(), `${path}.rebuild`, {
    reread,
    async open(fresh, logStarts) {
      const { counting, close } = await openCounting(fresh, { clock: opened.clock, logStarts, ...(wrapFresh && { wrap: wrapFresh }) })
      return { counting: { ...counting, decode }, close }
    },
  })
  const rebuilding = rebuildCounts({
    ...{ store, counting: opened.counting, recordLog, clock: opened.clock, log, fail },
    stopping: stopping.signal,
  })
  return { ...rebuilding, abort: () => stopping.abort() }
}
