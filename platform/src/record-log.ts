// The port to a partitioned log. kafka-log.ts and memory-log.ts implement it and pass one contract suite.

export type Headers = Record<string, Buffer>

/** One record as it lies in the log; `timestamp` in epoch milliseconds. */
export type LogRecord = {
  topic: string
  partition: number
  offset: bigint
  timestamp: number
  key: Buffer | null
  value: Buffer | null
  headers: Headers
}

/** A record to be written; without a partition the key decides. */
export type NewRecord = { key: Buffer | null; value: Buffer | null; headers?: Headers; partition?: number }

/** Consecutive records of one partition, as fetched. */
export type RecordBatch = {
  topic: string
  partition: number
  records: LogRecord[]
  /** The partition's end offset when the batch was fetched. */
  highWatermark: bigint
  /** Keeps the group membership alive while the batch is being worked on. */
  heartbeat(): Promise<void>
  /** False once the partition was revoked: nothing more may be committed for it. */
  owned(): boolean
}

export type Subscription = {
  topics: string[]
  group: string
  /** The stored next offset to start from; undefined: the group's committed offset, else the log's start. */
  startAt(topic: string, partition: number): bigint | undefined
  /** Called one batch at a time per partition, for several partitions at once. Resolved = go on behind the batch. */
  onBatch(batch: RecordBatch): Promise<void>
  onAssigned?(partitions: { topic: string; partition: number }[]): void
}

export type LogConsumer = {
  /** Publishes the group's next offset, for lag tools and for restarts of consumers without a store of their own. */
  commit(topic: string, partition: number, nextOffset: bigint): Promise<void>
  /** The next batch of the partition starts here. */
  seek(topic: string, partition: number, nextOffset: bigint): void
  pause(topic: string, partition: number): void
  resume(topic: string, partition: number): void
  /** Rejects when consuming ended for good by a fault; resolves after stop(). */
  readonly ended: Promise<void>
  /** Waits for the batches in hand, then leaves the group. */
  stop(): Promise<void>
}

export type Bounds = { logStart: bigint; highWatermark: bigint }

export type RecordLog = {
  subscribe(subscription: Subscription): Promise<LogConsumer>
  /** Writes with acks=all; resolves once every record is acknowledged. */
  append(topic: string, records: NewRecord[]): Promise<void>
  /** First kept offset and end offset of every partition. */
  bounds(topic: string): Promise<Map<number, Bounds>>
  close(): Promise<void>
}
