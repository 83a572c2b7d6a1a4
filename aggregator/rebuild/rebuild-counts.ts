// Counts order events again, from the start of the topic, into a file of its own; when it stands where the counts stand,
// what differs is put right in one transaction. Until then nothing of the counts is touched.
import { randomUUID } from 'node:crypto'
import { applyRecords } from '@tally/platform/loop/apply'
import { bisect } from '@tally/platform/loop/bisect'
import type { Fault } from '@tally/platform/loop/handler'
import { type Clock, wait } from '@tally/platform/process/clock'
import { messageOf, StopProcess, Unavailable } from '@tally/platform/process/errors'
import type { Log } from '@tally/platform/process/log'
import type { LogRecord, RecordBatch, RecordLog } from '@tally/platform/records/record-log'
import { AGGREGATOR, ORDER_EVENTS } from '@tally/schemas/contract/topics'
import type { CountOrders, CountsState } from '#count/count-orders'

export type Starts = ReadonlyMap<number, bigint>

/** Times as minutes since the epoch. */
export type Repair = { path: string; from: number; starts: Starts; revision: bigint }

export type RebuildStore = {
  /** The first minute of which every order is still in the topic, which begins at `starts`; 0: all of them. */
  completeFrom(starts: Starts): Promise<number>
  /** An empty file beside the counts; what an earlier attempt left is removed. */
  create(starts: Starts): Promise<{ path: string; counting: CountOrders; close(): Promise<void> }>
  /** Puts right what differs from the file in buckets from that minute on, and in what is remembered of events. @returns how many buckets */
  repair(repair: Repair): Promise<number>
  /** What the counting has to know after a repair. */
  reread(): Promise<CountsState>
  remove(): Promise<void>
}

export type Rebuild =
  | { state: 'none' }
  | { state: 'counting' | 'comparing'; done: bigint; of: bigint }
  | { state: 'done'; events: bigint; repaired: number; completeFrom: number }
  | { state: 'failed'; why: string }

type Options = {
  store: RebuildStore
  counting: CountOrders
  recordLog: RecordLog
  clock: Clock
  log: Log
  stopping: AbortSignal
  /** Ends the process: what it remembers of its file is not true any more, or nobody knows. */
  fail(error: unknown): void
}

/** Counting stands still for as long as the comparison waits for the last records. */
const LONGEST_WAIT_MS = 30_000
const POLL_MS = 50

export type Rebuilding = { start(): boolean; status(): Rebuild; stopped(): Promise<void> }

/** One rebuild at a time; what fails leaves the counts as they were. */
export function rebuildCounts({ store, counting, recordLog, clock, log, stopping, fail }: Options): Rebuilding {
  let status: Rebuild = { state: 'none' }
  let running = Promise.resolve()
  const isRunning = () => status.state === 'counting' || status.state === 'comparing'

  async function rebuild(): Promise<void> {
    const bounds = await recordLog.bounds(ORDER_EVENTS)
    const starts = new Map([...bounds].map(([partition, { logStart }]) => [partition, logStart]))
    const next = (partition: number) => counting.startAt(ORDER_EVENTS, partition)
    const lost = [...starts].find(([partition, start]) => next(partition) < start)
    if (lost) throw new StopProcess(`records of partition ${lost[0]} were deleted before they were counted: they cannot be counted again`)
    const fresh = await store.create(starts)
    const reached = (partition: number) => fresh.counting.startAt(ORDER_EVENTS, partition)
    const sum = (positions: (partition: number) => bigint) => [...starts].reduce((total, [p, start]) => total + positions(p) - start, 0n)
    const tell = (state: 'counting' | 'comparing') => {
      status = { state, done: sum(reached), of: sum(next) }
    }
    let closing: Promise<void> | undefined
    // Each also when the one before failed: a file that stayed open could not be opened by the next rebuild.
    const stop = () => Promise.resolve(reading?.stop()).finally(fresh.counting.drained).finally(fresh.close)
    const close = () => (closing ??= stop())
    let done: Rebuild | undefined
    let reading: Awaited<ReturnType<typeof readAlong>> | undefined
    const caughtUp = async (enough: () => boolean, untilMs: number) => {
      while (!enough()) {
        if (stopping.aborted) throw new Unavailable('the aggregator is stopping')
        if (clock.now() > untilMs) throw new Unavailable('the last records did not come in time')
        await Promise.race([reading?.ended, wait(POLL_MS, stopping)])
        tell(status.state === 'comparing' ? 'comparing' : 'counting')
      }
    }
    try {
      reading = await readAlong({ recordLog, counting: fresh.counting, upTo: next })
      tell('counting')
      await caughtUp(() => sum(next) - sum(reached) < 10_000n, Number.POSITIVE_INFINITY)
      await counting.replace(async (state, revision) => {
        tell('comparing')
        await caughtUp(() => [...starts.keys()].every((partition) => reached(partition) >= next(partition)), clock.now() + LONGEST_WAIT_MS)
        await fresh.counting.fold(state.foldedBelow)
        const events = sum(reached)
        await close()
        const completeFrom = await store.completeFrom(starts)
        const repaired = await store.repair({ path: fresh.path, from: completeFrom, starts, revision }).catch((error) => {
          if (error instanceof StopProcess) fail(error)
          throw error
        })
        done = { state: 'done', events, repaired, completeFrom }
        try {
          return await store.reread()
        } catch (error) {
          status = done
          fail(error)
          throw error
        }
      })
    } finally {
      await close().finally(store.remove)
    }
    status = done ?? status
  }

  return {
    start() {
      if (isRunning() || stopping.aborted) return false
      status = { state: 'counting', done: 0n, of: 0n }
      running = rebuild().catch((error) => {
        if (status.state === 'done')
          return log.error({ err: error }, 'the counts are mended, but cannot be read again: the aggregator ends')
        log.error({ err: error }, 'the rebuild failed; the counts are as they were')
        status = { state: 'failed', why: messageOf(error) }
      })
      return true
    },
    status: () => status,
    stopped: () => running,
  }
}

/** POST starts one, GET tells how it goes. */
export const opsRebuild = (rebuilding: Rebuilding) => (method: string) => {
  const status = method === 'POST' && !rebuilding.start() ? 409 : method === 'POST' ? 202 : 200
  const body = Object.fromEntries(
    Object.entries(rebuilding.status()).map(([key, value]) => [key, typeof value === 'bigint' ? Number(value) : value]),
  )
  return { status, body }
}

type ReadAlong = { recordLog: RecordLog; counting: CountOrders; upTo(partition: number): bigint }

/** Reads without the group, never past where the counts stand: at the end both know the same records. Dead letters are written already. */
async function readAlong({ recordLog, counting, upTo }: ReadAlong) {
  let stopped = false
  const applying = { group: AGGREGATOR, handler: counting, deadLetter: async () => {}, assertOurs: () => {} }
  /** Settles the records and all offsets up to `end`. */
  function settle({ topic, partition, highWatermark }: RecordBatch, ready: LogRecord[], end: bigint): Promise<void> {
    const settleSome = async (records: LogRecord[], poison?: Fault) => {
      const last = records.at(-1)
      const next = last === undefined || last === ready.at(-1) ? end : last.offset + 1n
      const range = { topic, partition, from: counting.startAt(topic, partition), next, highWatermark: highWatermark + 1n }
      await applyRecords(records, range, applying, poison)
    }
    return bisect(ready, settleSome, 1)
  }
  return recordLog
    .subscribe({
      topics: [ORDER_EVENTS],
      group: `${AGGREGATOR}-rebuild-${randomUUID()}`,
      temporary: true,
      startAt: counting.startAt,
      async onBatch(batch) {
        const position = () => counting.startAt(batch.topic, batch.partition)
        const next = position()
        const { logStart = next } = (await recordLog.bounds(ORDER_EVENTS)).get(batch.partition) ?? {}
        if (logStart > next) throw new StopProcess('records were deleted before they were counted again')
        let rest = batch.records
        while (position() < batch.next && !stopped) {
          let end = upTo(batch.partition)
          if (end > batch.next) end = batch.next
          const ready = rest.filter(({ offset }) => offset < end)
          if (end > position()) await settle(batch, ready, end)
          else await wait(POLL_MS)
          rest = rest.slice(ready.length)
        }
      },
    })
    .then((consumer) => {
      consumer.ended.catch(() => {})
      return {
        ended: consumer.ended,
        stop() {
          stopped = true
          return consumer.stop()
        },
      }
    })
}
