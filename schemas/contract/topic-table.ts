// Every topic with its partitions and configuration. The broker creates none by itself.
import type { TopicSpec } from '@tally/platform/kafka/topics'
import {
  AGGREGATOR,
  CONNECTOR_HEARTBEATS,
  dlqOf,
  FORECASTER,
  HEARTBEATS,
  ORDER_BUCKETS,
  ORDER_EVENTS,
  ORDER_FORECASTS,
  parkedOf,
  REPLAYER_AUDIT,
  SIGNALS,
} from './topics.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

/** How long an event can be read again. Must not exceed the dedup window of who counts: a day less, for clocks and segments. */
export const ORDER_EVENTS_RETENTION_DAYS = 7

/** Deleted after a while, in segments small enough that the while is kept. */
const keptFor = (ms: number, segmentMs: number) => ({
  'cleanup.policy': 'delete',
  'retention.ms': String(ms),
  'segment.ms': String(segmentMs),
})

/** Never deleted: failed records wait for a person as long as that takes. */
const kept = { 'cleanup.policy': 'delete', 'retention.ms': '-1', 'retention.bytes': '-1' }

/**
 * The newest record of each key stays. A tombstone lives a day: a reader that is away longer still gets the newest
 * values, and as-of marks are renewed within minutes.
 */
const compacted = {
  'cleanup.policy': 'compact',
  'delete.retention.ms': String(DAY_MS),
  'min.cleanable.dirty.ratio': '0.2',
  'segment.ms': String(HOUR_MS),
}

/** Letters keep the original value and add headers that quote faults: room beyond the original's limit. */
const letters = (topic: string, group: string): TopicSpec[] =>
  [dlqOf(topic, group), parkedOf(topic, group)].map((name) => ({
    topic: name,
    partitions: 1,
    config: { ...kept, 'max.message.bytes': '2097152' },
  }))

export const TOPICS: TopicSpec[] = [
  { topic: ORDER_EVENTS, partitions: 6, config: keptFor(ORDER_EVENTS_RETENTION_DAYS * DAY_MS, 6 * HOUR_MS) },
  ...letters(ORDER_EVENTS, AGGREGATOR),
  { topic: ORDER_BUCKETS, partitions: 1, config: compacted },
  ...letters(ORDER_BUCKETS, FORECASTER),
  { topic: ORDER_FORECASTS, partitions: 1, config: compacted },
  { topic: HEARTBEATS, partitions: 1, config: keptFor(HOUR_MS, HOUR_MS / 4) },
  { topic: SIGNALS, partitions: 1, config: keptFor(DAY_MS, DAY_MS) },
  { topic: CONNECTOR_HEARTBEATS, partitions: 1, config: keptFor(HOUR_MS, HOUR_MS / 4) },
  { topic: REPLAYER_AUDIT, partitions: 1, config: kept },
]
