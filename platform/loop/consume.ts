// The consume loop: batches of the log go through the chain, one at a time per partition. Errors are routing decisions.
import type { Registry } from 'prom-client'
import type { Clock } from '#process/clock'
import type { StopProcess } from '#process/errors'
import type { Log } from '#process/log'
import type { LogConsumer, RecordLog } from '#records/record-log'
import { chainOf } from './chain.ts'
import type { CrashMarks } from './crash-marks.ts'
import { deadLetters } from './dead-letters.ts'
import type { Handler } from './handler.ts'
import { crashIsolation } from './isolate-crashes.ts'
import { consumeMetrics } from './metrics.ts'
import { nameOf, partitionsOf } from './partition.ts'
import { pausesOf } from './pauses.ts'
import { DEFAULT_POLICY, type Policy } from './policy.ts'
import { positionsOf } from './positions.ts'
import { watchConsumption } from './watch.ts'

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

/** Starts consuming. @throws StopProcess when a stored position lies outside the log, Unavailable when Kafka does not answer */
export async function consume<T>(options: ConsumeOptions<T>): Promise<Consuming> {
  const { recordLog, topics, group, handler, clock, log } = options
  const policy = { ...DEFAULT_POLICY, ...options.policy }
  const metrics = consumeMetrics(options.metrics)
  const partitions = partitionsOf(clock)
  const shared = { clock, log, metrics, policy }
  const links = {
    positions: await positionsOf({ recordLog, topics, group, handler, partitions }),
    crashes: crashIsolation({ marks: options.marks, group, log }),
    deadLetters: deadLetters({ recordLog, group, ...shared }),
    pauses: pausesOf({ partitions, ...shared }),
  }
  const chain = chainOf({ group, handler, attempts: policy.attempts, links, ...shared })
  const ended = Promise.withResolvers<void>()
  ended.promise.catch(() => {})
  const subscribed = Promise.withResolvers<LogConsumer>()
  let consumer: LogConsumer | undefined
  let hasJoined = false

  consumer = await recordLog.subscribe({
    topics,
    group,
    startAt: links.positions.startAt,
    maxBuffered: policy.maxBufferedRecords,
    async onBatch(batch) {
      await chain(await subscribed.promise, partitions.of(batch), batch)
    },
    onAssigned(places) {
      log.info({ group, partitions: places.map(nameOf) }, 'assigned')
      hasJoined = true
      partitions.assigned(places)
      if (consumer) links.pauses.assigned(consumer)
      for (const gauge of [metrics.lag, metrics.lagSeconds, metrics.stalled, metrics.heldBack]) gauge.reset()
      metrics.rebalances.inc()
      links.positions.recheck()
    },
  })
  subscribed.resolve(consumer)
  consumer.ended.then(ended.resolve, ended.reject)

  async function stop(): Promise<void> {
    watch.close()
    links.pauses.close()
    await consumer?.stop()
    links.crashes.close()
  }
  const onFault = (error: StopProcess) => {
    ended.reject(error)
    void stop()
  }
  const watch = watchConsumption({ recordLog, topics, partitions, positions: links.positions, joined: () => hasJoined, onFault, ...shared })
  const waitsFor = () => links.pauses.why() ?? watch.unavailable() ?? watch.heldBack()

  return {
    ended: ended.promise,
    stop,
    live: watch.stalled,
    ready: () => (hasJoined ? waitsFor() : (watch.unavailable() ?? 'joining the group')),
  }
}
