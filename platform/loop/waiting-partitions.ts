// Partitions that are paused until the next attempt, while the others go on.
import { backoffMs } from '#process/backoff'
import type { Clock } from '#process/clock'
import { messageOf, StopProcess } from '#process/errors'
import type { Log } from '#process/log'
import type { LogConsumer } from '#records/record-log'
import type { ConsumeMetrics } from './metrics.ts'
import type { Policy } from './policy.ts'

export type Cause = 'failed' | 'unavailable'

type Waiting = Record<Cause, number> & { topic: string; partition: number; since: number; why: string; timer: NodeJS.Timeout | undefined }

type Options = { clock: Clock; log: Log; metrics: ConsumeMetrics; policy: Policy }

export type WaitingPartitions = {
  /** How often the partition's next records have failed so far. */
  failed(topic: string, partition: number): number
  /** Pauses the partition, to come back to `from` after a jittered while. @throws StopProcess past the deadline */
  backOff(consumer: LogConsumer, at: { topic: string; partition: number; from: bigint }, cause: Cause, error: unknown): void
  isWaiting(topic: string, partition: number): boolean
  /** Only these partitions are ours now: what others waited for is the business of their owners. */
  assigned(consumer: LogConsumer, places: { topic: string; partition: number }[]): void
  /** The partition has moved on. */
  movedOn(topic: string, partition: number): void
  /** What is waited for, if anything. */
  why(): string | undefined
  close(): void
}

/** Nothing waits yet. */
export function waitingPartitions({ clock, log, metrics, policy }: Options): WaitingPartitions {
  const waiting = new Map<string, Waiting>()
  let closed = false
  const keyOf = (topic: string, partition: number) => `${topic}/${partition}`

  return {
    failed: (topic, partition) => waiting.get(keyOf(topic, partition))?.failed ?? 0,
    backOff(consumer, { topic, partition, from }, cause, error) {
      const why = messageOf(error)
      const entry: Waiting = waiting.get(keyOf(topic, partition)) ?? {
        topic,
        partition,
        failed: 0,
        unavailable: 0,
        since: clock.now(),
        why,
        timer: undefined,
      }
      if (cause === 'unavailable' && clock.now() - entry.since > policy.unavailableDeadlineMs) {
        throw new StopProcess(
          `gave up after ${policy.unavailableDeadlineMs} ms: ${why}. Nothing was committed; mend it and start again.`,
          1,
          {
            cause: error,
          },
        )
      }
      entry[cause] += 1
      entry.why = why
      const delayMs = backoffMs(entry[cause], { firstMs: policy.firstBackoffMs, maxMs: policy.maxBackoffMs })
      log.warn(
        { topic, partition, offset: String(from), attempt: entry[cause], delayMs: Math.round(delayMs), reason: why },
        `${cause}, trying again`,
      )
      metrics.retries.inc({ topic, cause })
      consumer.pause(topic, partition)
      consumer.seek(topic, partition, from)
      entry.timer = setTimeout(() => {
        if (!closed) consumer.resume(topic, partition)
      }, delayMs)
      waiting.set(keyOf(topic, partition), entry)
      metrics.waiting.set(waiting.size)
    },
    isWaiting: (topic, partition) => waiting.has(keyOf(topic, partition)),
    assigned(consumer, places) {
      const ours = new Set(places.map(({ topic, partition }) => keyOf(topic, partition)))
      for (const [key, { topic, partition, timer }] of waiting) {
        if (ours.has(key)) continue
        clearTimeout(timer)
        consumer.resume(topic, partition)
        waiting.delete(key)
      }
      metrics.waiting.set(waiting.size)
    },
    movedOn(topic, partition) {
      if (waiting.delete(keyOf(topic, partition))) metrics.waiting.set(waiting.size)
    },
    why() {
      const [[key, entry] = []] = waiting
      return entry && `${key} waits: ${entry.why}`
    },
    close() {
      closed = true
      for (const { timer } of waiting.values()) clearTimeout(timer)
    },
  }
}
