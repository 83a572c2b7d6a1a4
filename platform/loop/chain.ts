// A batch's whole way through the loop, link by link; the last one commits. What an error means is decided in policy.ts.
import type { Clock } from '#process/clock'
import type { OutOfPosition } from '#process/errors'
import type { Log } from '#process/log'
import type { LogConsumer, LogRecord, RecordBatch } from '#records/record-log'
import { type Applied, applyRecords } from './apply.ts'
import { bisect } from './bisect.ts'
import type { DeadLetters } from './dead-letters.ts'
import type { Fault, Handler } from './handler.ts'
import type { CrashIsolation } from './isolate-crashes.ts'
import type { ConsumeMetrics } from './metrics.ts'
import type { Partition } from './partition.ts'
import type { Pauses } from './pauses.ts'
import { decisionOf, REVOKED } from './policy.ts'
import type { Positions } from './positions.ts'

/** The links that keep something from one batch to the next. */
export type Links = { positions: Positions; crashes: CrashIsolation; deadLetters: DeadLetters; pauses: Pauses }

type Options<T> = { group: string; handler: Handler<T>; attempts: number; links: Links; clock: Clock; log: Log; metrics: ConsumeMetrics }

/** Resolves when consuming goes on behind the batch, or where it was sought to. @throws StopProcess */
export type Chain = (consumer: LogConsumer, partition: Partition, batch: RecordBatch) => Promise<void>

export function chainOf<T>({ group, handler, attempts, links, clock, log, metrics }: Options<T>): Chain {
  const { positions, crashes, deadLetters, pauses } = links

  return async (consumer, partition, batch) => {
    const failed = partition.waiting?.failed ?? 0
    const settle = (records: LogRecord[], poison?: Fault) => settleRecords(consumer, partition, batch, records, poison)
    begin(partition, batch)
    try {
      await positions.check(partition, batch)
      await crashes.isolate(partition, batch.records, (records, poison) =>
        poison || failed < attempts - 1 ? settle(records, poison) : bisect(records, settle, failed + 1),
      )
    } catch (error) {
      route(consumer, partition, batch, error)
    } finally {
      end(partition, batch)
    }
  }

  /** Decode, dead-letter, handle; then store the position, and commit it. */
  async function settleRecords(consumer: LogConsumer, partition: Partition, batch: RecordBatch, records: LogRecord[], poison?: Fault) {
    const { topic, partition: number, highWatermark } = batch
    const last = records.at(-1)
    // What lies behind the last record of the batch belongs to its last part: nothing else will pass it.
    const next = last === undefined || last === batch.records.at(-1) ? batch.next : last.offset + 1n
    const range = { topic, partition: number, from: partition.position ?? batch.from, next, highWatermark }
    const assertOurs = () => {
      if (!batch.owned()) throw REVOKED
    }
    const deadLetter = (faults: Map<LogRecord, Fault>) => deadLetters.write(partition, records, faults)
    const applied = await applyRecords(records, range, { group, handler, deadLetter, assertOurs }, poison)
    assertOurs()
    deadLetters.settled(partition, records)
    partition.position = next
    await consumer.commit(topic, number, next)
    pauses.movedOn(partition)
    settled(partition, batch, last, applied)
  }

  function route(consumer: LogConsumer, partition: Partition, batch: RecordBatch, error: unknown): void {
    if (!batch.owned()) return
    const from = partition.position ?? batch.from
    const decision = decisionOf(error)
    if (decision === 'stop') throw error
    if (decision === 'seek') seek(consumer, partition, (error as OutOfPosition).nextOffset)
    else if (decision !== 'leave') pauses.backOff(consumer, partition, from, decision === 'wait' ? 'unavailable' : 'failed', error)
  }

  function seek(consumer: LogConsumer, partition: Partition, nextOffset: bigint): void {
    const { topic, partition: number } = partition
    log.warn({ topic, partition: number, nextOffset: String(nextOffset) }, 'the batch does not start at the stored position, seeking there')
    partition.position = nextOffset
    consumer.seek(topic, number, nextOffset)
  }

  function begin(partition: Partition, { records }: RecordBatch): void {
    partition.inHand = true
    partition.activeAt = clock.now()
    if (records.length > 0) metrics.batchRecords.observe(records.length)
    metrics.buffered.inc(records.length)
  }

  function settled(partition: Partition, { highWatermark }: RecordBatch, last: LogRecord | undefined, applied: Applied): void {
    const { topic, partition: number, position = 0n } = partition
    partition.activeAt = clock.now()
    if (last) partition.lastTimestamp = last.timestamp
    const lag = Number(highWatermark - position)
    metrics.lag.set({ topic, partition: number }, lag)
    if (lag <= 0) metrics.lagSeconds.set({ topic, partition: number }, 0)
    else if (last) metrics.lagSeconds.set({ topic, partition: number }, Math.max(0, clock.now() - last.timestamp) / 1_000)
    metrics.records.inc({ topic, outcome: 'handled' }, applied.messages)
    metrics.records.inc({ topic, outcome: 'ignored' }, applied.ignored)
  }

  function end(partition: Partition, { records }: RecordBatch): void {
    partition.inHand = false
    partition.activeAt = clock.now()
    metrics.buffered.dec(records.length)
  }
}
