// What the loop asks of a service, and what it hands to it.
import type { LogRecord } from '#records/record-log'

export type Message<T> = { record: LogRecord; value: T }

/** A record of the slice that was dead-lettered (and acknowledged there) before the handler sees the slice. */
export type DeadLettered = { record: LogRecord; reason: string }

/** Why a record is given up on. */
export type Fault = { reason: string; error: unknown; attempts: number }

/** Offsets [from, next) of a partition: records, and the offsets without one before, between and behind them. */
export type OffsetRange = { topic: string; partition: number; from: bigint; next: bigint; highWatermark: bigint }

/** What a handler settles at once. */
export type Slice<T> = OffsetRange & {
  /** What is to be handled, in offset order; may be empty. Records for other groups (`replay.group`) and dead letters are not in it. */
  messages: Message<T>[]
  deadLettered: DeadLettered[]
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
