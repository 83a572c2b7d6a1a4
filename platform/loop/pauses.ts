// Partitions that are paused until the next attempt, while the others go on.
import { backoffMs } from '#process/backoff'
import type { Clock } from '#process/clock'
import { messageOf, StopProcess } from '#process/errors'
import type { Log } from '#process/log'
import type { LogConsumer } from '#records/record-log'
import type { ConsumeMetrics } from './metrics.ts'
import { type Cause, nameOf, type Partition, type Partitions } from './partition.ts'
import type { Policy } from './policy.ts'

type Options = { partitions: Partitions; clock: Clock; log: Log; metrics: ConsumeMetrics; policy: Policy }

export type Pauses = {
  /** Pauses the partition, to come back to `from` after a jittered while. @throws StopProcess past the deadline */
  backOff(consumer: LogConsumer, partition: Partition, from: bigint, cause: Cause, error: unknown): void
  /** What partitions waited for that are not ours any more is the business of their owners. */
  assigned(consumer: LogConsumer): void
  /** The partition has moved on. */
  movedOn(partition: Partition): void
  /** What is waited for, if anything. */
  why(): string | undefined
  close(): void
}

export function pausesOf({ partitions, clock, log, metrics, policy }: Options): Pauses {
  let closed = false
  const waiting = () => partitions.all().filter((partition) => partition.waiting !== undefined)
  const told = () => metrics.waiting.set(waiting().length)

  return {
    backOff(consumer, partition, from, cause, error) {
      const { topic, partition: number } = partition
      const why = messageOf(error)
      partition.waiting ??= { failed: 0, unavailable: 0, since: clock.now(), why, timer: undefined }
      const entry = partition.waiting
      if (cause === 'unavailable' && clock.now() - entry.since > policy.unavailableDeadlineMs)
        throw new StopProcess(
          `gave up after ${policy.unavailableDeadlineMs} ms: ${why}. Nothing was committed; fix it and start again.`,
          1,
          { cause: error },
        )
      entry[cause] += 1
      entry.why = why
      const delayMs = backoffMs(entry[cause], { firstMs: policy.firstBackoffMs, maxMs: policy.maxBackoffMs })
      log.warn(
        { topic, partition: number, offset: String(from), attempt: entry[cause], delayMs: Math.round(delayMs), reason: why },
        `${cause}, trying again`,
      )
      metrics.retries.inc({ topic, cause })
      consumer.pause(topic, number)
      consumer.seek(topic, number, from)
      entry.timer = setTimeout(() => {
        if (!closed) consumer.resume(topic, number)
      }, delayMs)
      told()
    },
    assigned(consumer) {
      for (const partition of waiting()) {
        if (partition.isOurs) continue
        clearTimeout(partition.waiting?.timer)
        consumer.resume(partition.topic, partition.partition)
        partition.waiting = undefined
      }
      told()
    },
    movedOn(partition) {
      if (partition.waiting === undefined) return
      partition.waiting = undefined
      told()
    },
    why() {
      const [first] = waiting().sort((a, b) => (a.waiting?.since ?? 0) - (b.waiting?.since ?? 0))
      return first && `${nameOf(first)} waits: ${first.waiting?.why}`
    },
    close() {
      closed = true
      for (const { waiting: entry } of waiting()) clearTimeout(entry?.timer)
    },
  }
}
