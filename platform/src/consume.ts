// The consume loop: batch → decode → handle → dead letters → commit the next offset. Errors are routing decisions.
import type { Registry } from 'prom-client'
import type { Clock } from './clock.ts'
import { Unavailable } from './errors.ts'
import type { Log } from './log.ts'
import type { LogRecord, RecordLog } from './record-log.ts'

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
  /** The stored next offset; undefined: the group's committed offset, else the log's start. */
  startAt?(topic: string, partition: number): bigint | undefined
}

/** Durations in milliseconds. */
export type Policy = {
  attempts: number
  firstBackoffMs: number
  maxBackoffMs: number
  /** How long the handler may be Unavailable before the process stops. */
  unavailableDeadlineMs: number
  /** Dead letters allowed among the last `dlqWindow` records before the process stops. */
  dlqWindow: number
  dlqShare: number
  dlqInARow: number
}

export const DEFAULT_POLICY: Policy = {
  attempts: 3,
  firstBackoffMs: 1_000,
  maxBackoffMs: 30_000,
  unavailableDeadlineMs: 600_000,
  dlqWindow: 500,
  dlqShare: 0.2,
  dlqInARow: 50,
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

/** Starts consuming. */
export async function consume<T>(options: ConsumeOptions<T>): Promise<Consuming> {
  throw new Unavailable(`unwritten ${options.group}`)
}
