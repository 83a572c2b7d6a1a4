// The consume loop: batch → decode → handle → dead letters → commit the next offset. Errors are routing decisions.
import type { Registry } from 'prom-client'
import type { Clock } from '#process/clock'
import type { StopProcess } from '#process/errors'
import type { Log } from '#process/log'
import type { LogConsumer, LogRecord, RecordLog } from '#records/record-log'
import { cautionOf } from './caution.ts'
import type { CrashMarks } from './crash-marks.ts'
import { deadLetterWriter } from './dead-letter-writer.ts'
import { consumeMetrics } from './metrics.ts'
import { DEFAULT_POLICY, type Policy } from './policy.ts'
import { positionsOf } from './positions.ts'
import { turnsOf } from './turns.ts'
import { waitingPartitions } from './waiting-partitions.ts'
import { watchConsumption } from './watch-consumption.ts'
import { batchWorker } from './work-batch.ts'

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
  /** Without them a record that ends the process is not recognised. */
  marks?: CrashMarks
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

/** Starts consuming. @throws StopProcess when a stored position lies outside the log, Unavailable when Kafka is away */
export async function consume<T>(options: ConsumeOptions<T>): Promise<Consuming> {
  const { recordLog, topics, group, handler, clock, log } = options
  const policy = { ...DEFAULT_POLICY, ...options.policy }
  const metrics = consumeMetrics(options.metrics)
  const letters = deadLetterWriter({ recordLog, group, clock, log, metrics, policy })
  const positions = await positionsOf(recordLog, topics, group, handler)
  const waiting = waitingPartitions({ clock, log, metrics, policy })
  const turns = turnsOf(clock)
  const caution = cautionOf({ marks: options.marks, group, log })
  const ended = Promise.withResolvers<void>()
  ended.promise.catch(() => {})
  let consumer: LogConsumer | undefined
  const joined = Promise.withResolvers<LogConsumer>()

  const work = batchWorker({
    ...{ group, handler, clock, log, metrics, policy, letters, positions, waiting, turns, caution },
    consumer: () => consumer as LogConsumer,
  })
  consumer = await recordLog.subscribe({
    topics,
    group,
    startAt: positions.startAt,
    maxBuffered: policy.maxBufferedRecords,
    async onBatch(batch) {
      await joined.promise
      await work(batch)
    },
    onAssigned(places) {
      log.info({ group, partitions: places.map(({ topic, partition }) => `${topic}/${partition}`) }, 'assigned')
      if (consumer) waiting.assigned(consumer, places)
      turns.assigned(places)
      metrics.lag.reset()
      metrics.lagSeconds.reset()
      metrics.stalled.reset()
      metrics.heldBack.reset()
      metrics.rebalances.inc()
      positions.recheck()
    },
  })
  joined.resolve(consumer)
  consumer.ended.then(ended.resolve, ended.reject)

  async function stop(): Promise<void> {
    watch.close()
    waiting.close()
    await consumer?.stop()
    caution.close()
  }
  const onFault = (error: StopProcess) => {
    ended.reject(error)
    void stop()
  }
  const watch = watchConsumption({ recordLog, topics, clock, log, metrics, policy, positions, turns, waiting, onFault })

  return {
    ended: ended.promise,
    stop,
    live: watch.stalled,
    ready: () => (turns.joined() ? (waiting.why() ?? watch.away() ?? watch.heldBack()) : (watch.away() ?? 'joining the group')),
  }
}
