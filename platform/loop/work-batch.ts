// One batch, whatever comes of it: settled, bisected down to the poison record, put off, or left to its new owner.

import type { Clock } from '#process/clock'
import { OutOfPosition, StopProcess, Unavailable } from '#process/errors'
import type { Log } from '#process/log'
import type { LogConsumer, LogRecord, RecordBatch } from '#records/record-log'
import type { Caution } from './caution.ts'
import type { Handler } from './consume.ts'
import type { DeadLetterWriter } from './dead-letter-writer.ts'
import type { ConsumeMetrics } from './metrics.ts'
import type { Policy } from './policy.ts'
import type { Positions } from './positions.ts'
import { type Fault, type Settled, settleRecords } from './settle-records.ts'
import type { Turns } from './turns.ts'
import type { WaitingPartitions } from './waiting-partitions.ts'

/** The partition is not ours any more: finish nothing, commit nothing. */
const REVOKED = Symbol('revoked')

type Options<T> = {
  group: string
  handler: Handler<T>
  clock: Clock
  log: Log
  metrics: ConsumeMetrics
  policy: Policy
  letters: DeadLetterWriter
  positions: Positions
  waiting: WaitingPartitions
  turns: Turns
  caution: Caution
  consumer(): LogConsumer
}

/** What to do with each batch: resolves to go on behind it or where it was sought to. @throws StopProcess */
export function batchWorker<T>(options: Options<T>): (batch: RecordBatch) => Promise<void> {
  const { group, handler, clock, log, metrics, policy, letters, positions, waiting, turns, caution, consumer } = options

  /** Settles the records, then says so to the group. */
  async function settle(batch: RecordBatch, records: LogRecord[], poison?: Fault): Promise<void> {
    const { topic, partition, highWatermark } = batch
    const last = records.at(-1)
    // What lies behind the last record of the batch belongs to its last part: nothing else will pass it.
    const next = last === undefined || last === batch.records.at(-1) ? batch.next : last.offset + 1n
    const range = { topic, partition, from: positions.next(batch) ?? batch.from, next, highWatermark }
    const stillOurs = () => {
      if (!batch.owned()) throw REVOKED
    }
    const deadLetter = (faults: Map<LogRecord, Fault>) => letters.write(records, faults)
    const settled = await settleRecords(records, range, { group, handler, deadLetter, stillOurs }, poison)
    stillOurs()
    letters.settled(records)
    positions.moveTo(batch, range.next)
    await consumer().commit(topic, partition, range.next)
    waiting.movedOn(topic, partition)
    turns.settled(batch, last?.timestamp)
    observe(batch, next, last, settled)
  }

  function observe(batch: RecordBatch, next: bigint, last: LogRecord | undefined, { messages, ignored }: Settled): void {
    const { topic, partition, highWatermark } = batch
    const lag = Number(highWatermark - next)
    metrics.lag.set({ topic, partition }, lag)
    if (lag <= 0) metrics.lagSeconds.set({ topic, partition }, 0)
    else if (last) metrics.lagSeconds.set({ topic, partition }, Math.max(0, clock.now() - last.timestamp) / 1_000)
    metrics.records.inc({ topic, outcome: 'handled' }, messages)
    metrics.records.inc({ topic, outcome: 'ignored' }, ignored)
  }

  /** Halves what fails until the poison record is alone, and gives up on that one. */
  async function bisect(batch: RecordBatch, records: LogRecord[], attempts: number): Promise<void> {
    try {
      await settle(batch, records)
    } catch (error) {
      if (isDecision(error) || records.length === 0) throw error
      const [only] = records
      if (records.length === 1 && only) return settle(batch, records, { reason: 'handler-failed', error, attempts })
      const half = Math.ceil(records.length / 2)
      await bisect(batch, records.slice(0, half), attempts + 1)
      await bisect(batch, records.slice(half), attempts + 1)
    }
  }

  /** The policy for what settling threw. @throws StopProcess */
  function decide(batch: RecordBatch, error: unknown): void {
    const { topic, partition } = batch
    if (error === REVOKED || !batch.owned()) return
    if (error instanceof StopProcess) throw error
    if (error instanceof OutOfPosition) {
      log.warn({ topic, partition, nextOffset: String(error.nextOffset) }, 'the batch does not start at the stored position, seeking there')
      positions.moveTo(batch, error.nextOffset)
      consumer().seek(topic, partition, error.nextOffset)
      return
    }
    const from = positions.next(batch) ?? batch.from
    waiting.backOff(consumer(), { topic, partition, from }, error instanceof Unavailable ? 'unavailable' : 'failed', error)
  }

  return async (batch) => {
    const { topic, partition, records } = batch
    const failed = waiting.failed(topic, partition)
    if (records.length > 0) metrics.batchRecords.observe(records.length)
    metrics.buffered.inc(records.length)
    turns.begin(batch)
    try {
      await positions.begin(batch)
      await caution.work(batch, (part, poison) =>
        poison || failed < policy.attempts - 1 ? settle(batch, part, poison) : bisect(batch, part, failed + 1),
      )
    } catch (error) {
      decide(batch, error)
    } finally {
      metrics.buffered.dec(records.length)
      turns.end(batch)
    }
  }
}

/** Errors that are routing decisions about the whole partition, not about one record. */
const isDecision = (error: unknown) =>
  error === REVOKED || error instanceof Unavailable || error instanceof OutOfPosition || error instanceof StopProcess
