// Keeps the outbox's partitions ahead of time and drops those that nothing needs any more. A failure never fails an order.
import { wait } from '@tally/platform/process/clock'
import type { Log } from '@tally/platform/process/log'
import type { IngestMetrics } from '#metrics'

/** `oldestAgeSeconds`: since the beginning of the oldest day that has a partition of its own; `aheadSeconds`: to the end of the newest. */
export type OutboxKept = { partitions: number; bytes: number; oldestAgeSeconds: number; aheadSeconds: number }

export type OutboxPartitions = {
  /** Makes today's and the coming days' partitions; how many were missing. */
  ensure(daysAhead: number): Promise<number>
  /** Drops days older than the retention whose events the replication slot has confirmed; how many. */
  drop(retentionDays: number, slot: string): Promise<number>
  kept(): Promise<OutboxKept>
}

export type CareOptions = {
  retentionDays: number
  slot: string
  log: Log
  metrics: Pick<IngestMetrics, 'outboxPartitions' | 'outboxCareFailures' | 'outboxKept'>
  everyMs?: number
}

const DAYS_AHEAD = 3
const DAY_SECONDS = 86_400
const EVERY_MS = 60_000
const AFTER_FAILURE_MS = 30_000

/** Cares now and every minute until stopped. Several instances may: the database lets one at a time. */
export function careForOutbox(
  partitions: OutboxPartitions,
  { retentionDays, slot, log, metrics, everyMs = EVERY_MS }: CareOptions,
): { stop(): Promise<void> } {
  const stopping = new AbortController()

  async function care(): Promise<number> {
    try {
      metrics.outboxPartitions.inc({ change: 'created' }, await partitions.ensure(DAYS_AHEAD))
      metrics.outboxPartitions.inc({ change: 'dropped' }, await partitions.drop(retentionDays, slot))
      const { partitions: count, bytes, oldestAgeSeconds, aheadSeconds } = await partitions.kept()
      metrics.outboxKept.partitions.set(count)
      metrics.outboxKept.bytes.set(bytes)
      metrics.outboxKept.oldestAge.set(oldestAgeSeconds)
      metrics.outboxKept.ahead.set(aheadSeconds)
      metrics.outboxKept.retention.set(retentionDays * DAY_SECONDS)
      return everyMs
    } catch (error) {
      metrics.outboxCareFailures.inc()
      log.warn({ err: error }, 'the outbox partitions could not be cared for; trying again')
      return Math.min(everyMs, AFTER_FAILURE_MS)
    }
  }

  async function keepCaring(): Promise<void> {
    while (!stopping.signal.aborted) await wait(await care(), stopping.signal)
  }

  const ended = keepCaring()
  return {
    stop() {
      stopping.abort()
      return ended
    },
  }
}
