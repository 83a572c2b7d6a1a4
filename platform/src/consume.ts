// The consume loop: batch → decode → handle → dead letters → commit the next offset. Errors are routing decisions.
import type { Registry } from 'prom-client'
import type { Clock } from './clock.ts'
import { consumeMetrics } from './consume-metrics.ts'
import { deadLetterWriter } from './dead-letter-writer.ts'
import { OutOfPosition, StopProcess, Unavailable } from './errors.ts'
import type { Log } from './log.ts'
import { DEFAULT_POLICY, type Policy } from './policy.ts'
import { positionCheck } from './position-check.ts'
import type { LogConsumer, LogRecord, RecordBatch, RecordLog } from './record-log.ts'
import { type Fault, type Settled, settleRecords } from './settle-records.ts'
import { waitingPartitions } from './waiting-partitions.ts'

export type Message<T> = { record: LogRecord; value: T }

/** A record of the slice that was dead-lettered (and acknowledged there) before the handler sees the slice. */
export type DeadLettered = { record: LogRecord; reason: string }

/** What a handler settles at once: the half-open range of offsets [from, next) of one partition. */
export type Slice<T> = {
  topic: string
  partition: number
  from: bigint
  next: bigint
  /** What is to be handled, in offset order; may be empty. Records for other groups (`replay.group`) and dead letters are not in it. */
  messages: Message<T>[]
  deadLettered: DeadLettered[]
  highWatermark: bigint
}

export type Handler<T> = {
  /** Bytes → value. @throws InvalidMessage | Unavailable */
  decode(record: LogRecord): T | Promise<T>
  /**
   * Applies the whole slice or nothing of it, and stores `next` with it where it keeps positions of its own.
   * Called one slice at a time per partition, for several partitions at once.
   * @throws RejectedRecords | OutOfPosition | Unavailable | StopProcess; anything else is retried, bisected, dead-lettered
   */
  handle(slice: Slice<T>): Promise<void>
  /**
   * The stored next offset, for a handler that keeps positions of its own; undefined: none stored yet, start where the
   * log starts. A handler without this function starts from the group's committed offset.
   */
  startAt?(topic: string, partition: number): bigint | undefined
}

export type ConsumeOptions<T> = {
  recordLog: RecordLog
  topics: string[]
  group: string
  handler: Handler<T>
  clock: Clock
  log: Log
  metrics: Registry
  policy?: Partial<Policy>
}

export type Consuming = {
  /** Rejects (StopProcess or the fault itself) when the loop ended for good; resolves after stop(). */
  ended: Promise<void>
  /** Finishes the batches in hand, commits, leaves the group. */
  stop(): Promise<void>
  /** For /livez: undefined while the loop turned lately. */
  live(): string | undefined
  /** For /readyz: undefined, or what is being waited for. */
  ready(): string | undefined
}

/** The partition is not ours any more: finish nothing, commit nothing. */
const REVOKED = Symbol('revoked')

/** A batch may be worked on this long before /livez calls the loop stuck. */
const STUCK_MS = 300_000

/** Starts consuming. @throws StopProcess when a stored position lies outside the log, Unavailable when Kafka is away */
export async function consume<T>(options: ConsumeOptions<T>): Promise<Consuming> {
  const { recordLog, topics, group, handler, clock, log } = options
  const policy = { ...DEFAULT_POLICY, ...options.policy }
  const metrics = consumeMetrics(options.metrics)
  const letters = deadLetterWriter({ recordLog, group, clock, log, metrics, policy })
  const positions = await positionCheck(recordLog, topics, group, handler)
  const waiting = waitingPartitions({ clock, log, metrics, policy })
  const inHand = new Map<string, number>()
  /** Next offset behind what this process has settled of a partition, or where its batch in hand starts. */
  const settledUpTo = new Map<string, bigint>()
  let consumer: LogConsumer

  /** Settles the records, then says so to the group. */
  async function settle(batch: RecordBatch, records: LogRecord[], poison?: Fault): Promise<void> {
    const { topic, partition, highWatermark } = batch
    const stillOurs = () => {
      if (!batch.owned()) throw REVOKED
    }
    const settled = await settleRecords(
      records,
      highWatermark,
      { group, handler, deadLetter: (faults) => letters.write(records, faults), stillOurs },
      poison,
    )
    stillOurs()
    const last = records.at(-1) as LogRecord
    const nextOffset = last.offset + 1n
    letters.settled(records)
    settledUpTo.set(keyOf(topic, partition), nextOffset)
    await consumer.commit(topic, partition, nextOffset)
    waiting.movedOn(topic, partition)
    observe(batch, last, settled)
  }

  function observe({ topic, partition, highWatermark }: RecordBatch, last: LogRecord, { messages, ignored }: Settled): void {
    const lag = Number(highWatermark - last.offset - 1n)
    metrics.lag.set({ topic, partition }, lag)
    metrics.lagSeconds.set({ topic, partition }, lag > 0 ? Math.max(0, clock.now() - last.timestamp) / 1_000 : 0)
    metrics.records.inc({ topic, outcome: 'handled' }, messages)
    metrics.records.inc({ topic, outcome: 'ignored' }, ignored)
  }

  /** Halves what fails until the poison record is alone, and gives up on that one. */
  async function bisect(batch: RecordBatch, records: LogRecord[], attempts: number): Promise<void> {
    try {
      await settle(batch, records)
    } catch (error) {
      if (isDecision(error)) throw error
      const [only] = records
      if (records.length === 1 && only) return settle(batch, records, { reason: 'handler-failed', error, attempts })
      const half = Math.ceil(records.length / 2)
      await bisect(batch, records.slice(0, half), attempts + 1)
      await bisect(batch, records.slice(half), attempts + 1)
    }
  }

  /** One batch, whatever comes of it: resolves to go on behind it or where it was sought to. */
  async function onBatch(batch: RecordBatch): Promise<void> {
    const { topic, partition, records } = batch
    const [first] = records
    if (first === undefined) return
    const key = keyOf(topic, partition)
    inHand.set(key, clock.now())
    metrics.batchRecords.observe(records.length)
    settledUpTo.set(key, first.offset)
    const failed = waiting.failed(topic, partition)
    try {
      await positions.checked()
      if (failed < policy.attempts - 1) await settle(batch, records)
      else await bisect(batch, records, failed + 1)
    } catch (error) {
      decide(batch, error)
    } finally {
      inHand.delete(key)
    }
  }

  /** The loop's policy for what settling threw. @throws StopProcess */
  function decide(batch: RecordBatch, error: unknown): void {
    const { topic, partition } = batch
    if (error === REVOKED || !batch.owned()) return
    if (error instanceof StopProcess) throw error
    if (error instanceof OutOfPosition) {
      log.warn({ topic, partition, nextOffset: String(error.nextOffset) }, 'the batch does not start at the stored position, seeking there')
      consumer.seek(topic, partition, error.nextOffset)
      return
    }
    const from = settledUpTo.get(keyOf(topic, partition)) ?? 0n
    waiting.backOff(consumer, { topic, partition, from }, error instanceof Unavailable ? 'unavailable' : 'failed', error)
  }

  consumer = await recordLog.subscribe({ topics, group, startAt: positions.startAt, onBatch, onAssigned: positions.assigned })
  return {
    ended: consumer.ended,
    async stop() {
      waiting.close()
      await consumer.stop()
    },
    live() {
      const oldest = Math.min(...inHand.values())
      return clock.now() - oldest > STUCK_MS ? `a batch has been in hand for ${Math.round((clock.now() - oldest) / 1_000)} s` : undefined
    },
    ready: waiting.why,
  }
}

/** Errors that are routing decisions about the whole partition, not about one record. */
const isDecision = (error: unknown) =>
  error === REVOKED || error instanceof Unavailable || error instanceof OutOfPosition || error instanceof StopProcess

const keyOf = (topic: string, partition: number) => `${topic}/${partition}`
