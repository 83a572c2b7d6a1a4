// The port to a partitioned log. platform/kafka (Kafka) and test-support (in memory) implement it and pass one contract suite.

/** Null where a header has no value; of a name that occurs more than once, the last value. */
export type Headers = Record<string, Buffer | null>

/** All values of the names that occur more than once, so that a copy of a record loses none. */
export type RepeatedHeaders = Record<string, (Buffer | null)[]>

/** One record as it lies in the log; `timestamp` in epoch milliseconds. */
export type LogRecord = {
  topic: string
  partition: number
  offset: bigint
  timestamp: number
  key: Buffer | null
  value: Buffer | null
  headers: Headers
  repeatedHeaders?: RepeatedHeaders | undefined
  /** The same as `headers[name]`, where that can be had without making the others. */
  header?(name: string): Buffer | null | undefined
  /** Those headers whose name is meant, likewise. */
  headersThat?(isMeant: (name: string) => boolean): SomeHeaders
}

export type SomeHeaders = Pick<LogRecord, 'headers' | 'repeatedHeaders'>

/** The last value of the header; undefined when there is none of that name. */
export const headerOf = (record: Pick<LogRecord, 'headers' | 'header'>, name: string): Buffer | null | undefined =>
  record.header === undefined ? record.headers[name] : record.header(name)

/** Those of the record's headers whose name is meant. */
export function headersThat(record: SomeHeaders & Pick<LogRecord, 'headersThat'>, isMeant: (name: string) => boolean): SomeHeaders {
  if (record.headersThat !== undefined) return record.headersThat(isMeant)
  const { headers, repeatedHeaders } = record
  return { headers: among(headers, isMeant), repeatedHeaders: repeatedHeaders && among(repeatedHeaders, isMeant) }
}

/** Also of a header called `__proto__`, which an assignment would take for the object's prototype. */
export function setHeader<T>(headers: Record<string, T>, name: string, value: T): void {
  if (name === '__proto__') Object.defineProperty(headers, name, { value, enumerable: true, configurable: true, writable: true })
  else headers[name] = value
}

function among<T>(headers: Record<string, T>, isMeant: (name: string) => boolean): Record<string, T> {
  const some: Record<string, T> = {}
  for (const name in headers) if (isMeant(name)) setHeader(some, name, headers[name] as T)
  return some
}

/** A record to be written; without a partition the key decides. */
export type NewRecord = {
  key: Buffer | null
  value: Buffer | null
  headers?: Headers
  repeatedHeaders?: RepeatedHeaders
  partition?: number
}

/** Where a record was written. */
export type Written = { partition: number; offset: bigint }

/**
 * Consecutive records of one partition, as fetched. Offsets without a record (ends of transactions, records of aborted ones, what was
 * compacted away) may lie before, between and behind them; of a batch that has only those there are no records.
 */
export type RecordBatch = {
  topic: string
  partition: number
  records: LogRecord[]
  /** First offset of the batch. */
  from: bigint
  /** The offset behind it: nothing that can be read lies before it. */
  next: bigint
  /** The partition's end offset when the batch was fetched. */
  highWatermark: bigint
  /** Keeps the group membership alive while the batch is being worked on; it is also done on its own. Never rejects. */
  heartbeat(): Promise<void>
  /** False once the partition was revoked or sought elsewhere: nothing more may be committed for it. */
  owned(): boolean
}

export type Subscription = {
  topics: string[]
  group: string
  /** The stored next offset to start from; undefined: the group's committed offset, else the log's start. */
  startAt(topic: string, partition: number): bigint | undefined
  /** Called one batch at a time per partition, for several partitions at once. Resolved = go on behind the batch; rejected = consuming ends by it. */
  onBatch(batch: RecordBatch): Promise<void>
  /** Called after every rebalance with all partitions this member has now, before any batch of them. */
  onAssigned?(partitions: { topic: string; partition: number }[]): void
  /** Nothing more is fetched while more records than this are handed out and not done; without it there is no bound. */
  maxBuffered?: number
  /** The group is forgotten when consuming stops: for bounded reads by tools. */
  temporary?: boolean
}

export type LogConsumer = {
  /**
   * Publishes the group's next offset, for lag tools and for restarts of consumers without a store of their own.
   * Best effort: what could not be committed is redelivered. Never rejects.
   */
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

/**
 * First kept offset, and the offset behind the last record. Records from `lastStable` on cannot be read yet: a transaction that began
 * there is still open. Without one it is the high watermark.
 */
export type Bounds = { logStart: bigint; highWatermark: bigint; lastStable: bigint }

export type RecordLog = {
  subscribe(subscription: Subscription): Promise<LogConsumer>
  /**
   * Writes with acks=all; resolves once every record is acknowledged, to where each was written, in the order given. A request that
   * is tried again after a lost answer may have written its records twice: then that is where they lie the last time.
   */
  append(topic: string, records: NewRecord[]): Promise<Written[]>
  /** Of every partition. @throws Unavailable */
  bounds(topic: string): Promise<Map<number, Bounds>>
  close(): Promise<void>
}
