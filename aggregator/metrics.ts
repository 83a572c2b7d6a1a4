// Every metric of the aggregator beside those of the consume loop; Prometheus base units.
import type { Clock } from '@tally/platform/process/clock'
import { RejectedRecords } from '@tally/platform/process/errors'
import { Counter, Gauge, Histogram, type Registry } from 'prom-client'
import type { Change, CountsState } from '#count/count-orders'
import type { Settlement } from '#count/settle-slices'

export type CountMetrics = {
  flushed(change: Change, outcomes: Settlement['outcomes'], seconds: number): void
  publishedBuckets(count: number): void
  heartbeatAhead(ms: number): void
}

/** @param state what asOf is read from at every scrape */
export function countMetrics(registers: Registry[], state: () => CountsState, dirty: () => Promise<number>, clock: Clock): CountMetrics {
  const events = new Counter({
    name: 'aggregator_events_total',
    help: 'Order events by what became of them: applied, duplicate (counted before), late (older than the dedup window: dead-lettered).',
    labelNames: ['outcome'],
    registers,
  })
  for (const outcome of ['applied', 'duplicate', 'late']) events.inc({ outcome }, 0)
  const batch = new Histogram({
    name: 'aggregator_flush_events',
    help: 'Events counted by one transaction.',
    buckets: [0, 1, 10, 100, 1_000, 5_000, 20_000, 50_000],
    registers,
  })
  const transactionSeconds = new Histogram({
    name: 'aggregator_flush_duration_seconds',
    help: 'Time of one transaction, from its begin to its commit.',
    buckets: [0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5],
    registers,
  })
  const published = new Counter({
    name: 'aggregator_published_buckets_total',
    help: 'Buckets acknowledged on order-buckets.',
    registers,
  })
  new Gauge({
    name: 'aggregator_as_of_age_seconds',
    help: 'Age of asOf: every order acknowledged before that instant is counted. NaN while no instant is known.',
    registers,
    collect() {
      const { asOf } = state()
      this.set(asOf === null ? Number.NaN : clock.now() / 1000 - Number(asOf) / 1e6)
    },
  })
  const ahead = new Gauge({
    name: 'aggregator_heartbeat_ahead_seconds',
    help: 'By how much the clock of the database is ahead of this host, while that is too much to believe it: asOf does not move then. Else 0.',
    registers,
  })
  new Gauge({
    name: 'aggregator_dirty_buckets',
    help: 'Changes of buckets that are still to be published; without a value while they cannot be read.',
    registers,
    async collect() {
      try {
        this.set(await dirty())
      } catch {
        // While the file is closed, or cannot be read: the other metrics are told all the same.
        this.remove()
      }
    },
  })
  return {
    flushed({ counted, duplicates }, outcomes, seconds) {
      events.inc({ outcome: 'applied' }, counted.length)
      events.inc({ outcome: 'duplicate' }, duplicates)
      for (const outcome of outcomes) if (outcome instanceof RejectedRecords) events.inc({ outcome: 'late' }, outcome.faults.size)
      batch.observe(counted.length)
      transactionSeconds.observe(seconds)
    },
    publishedBuckets: (count) => published.inc(count),
    heartbeatAhead: (ms) => ahead.set(ms / 1_000),
  }
}
