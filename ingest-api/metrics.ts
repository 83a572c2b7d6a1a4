// Every metric of ingest-api. No merchant and no order is ever a label.
import type { Registry } from 'prom-client'
import { Counter, Gauge, Histogram } from 'prom-client'
import type { SlotReading } from '#outbox/slot'

/** What the service reads its gauges from when it is scraped. */
export type Readings = {
  queuedOrders(): number
  waitingForConnection(): number
  node(): number | undefined
  slot(): SlotReading | undefined
  /** Why new orders are not taken because of the slot; undefined: they are. */
  shedding(): string | undefined
  circuit: { isOpen(): boolean; opened(): number }
  /** Undefined: rate limits are not meant to be shared. */
  sharedLimits: (() => boolean) | undefined
}

export type IngestMetrics = ReturnType<typeof ingestMetrics>

/** Registers all of them. */
export function ingestMetrics(registry: Registry, readings: Readings) {
  const registers = [registry]
  const gauge = (name: string, help: string, read: () => number) =>
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(read())
      },
    })
  gauge('ingest_queued_orders', 'Orders waiting for a flush.', readings.queuedOrders)
  gauge('ingest_pool_waiting', 'Queries waiting for a connection to the database.', readings.waitingForConnection)
  gauge('ingest_node_lease', 'Node of the id lease held; -1 without one.', () => readings.node() ?? -1)
  gauge(
    'ingest_rate_limits_shared',
    'Rate limits are shared through Redis: 1; Redis is away and this instance counts for itself: 0; not asked for: -1.',
    () => (readings.sharedLimits ? Number(readings.sharedLimits()) : -1),
  )
  gauge(
    'ingest_slot_retained_bytes',
    'WAL held back by the slot of the outbox; -1 while it is not known.',
    () => readings.slot()?.retainedBytes ?? -1,
  )
  gauge(
    'ingest_slot_budget_bytes',
    'WAL the slot may hold back before it is lost; -1 without limit.',
    () => readings.slot()?.budgetBytes ?? -1,
  )
  gauge('ingest_slot_shedding', 'New orders are refused for the sake of the slot: 1; taken: 0.', () =>
    Number(readings.shedding() !== undefined),
  )
  gauge('ingest_database_circuit_open', 'The database is out of reach and is not asked: 1; it is asked: 0.', () =>
    Number(readings.circuit.isOpen()),
  )
  new Counter({
    name: 'ingest_database_circuit_opened_total',
    help: 'Times the database turned out to be out of reach.',
    registers,
    collect() {
      this.reset()
      this.inc(readings.circuit.opened())
    },
  })
  return {
    refused: new Counter({
      name: 'ingest_refused_total',
      help: 'Orders and requests refused with 503, by what there was too much of: placing, requests, batches, queue, slot.',
      labelNames: ['why'] as const,
      registers,
    }),
    flushOrders: new Histogram({
      name: 'ingest_flush_orders',
      help: 'Orders written by one statement.',
      buckets: [1, 2, 4, 8, 16, 32, 64, 128, 256, 512],
      registers,
    }),
    flushSeconds: new Histogram({
      name: 'ingest_flush_duration_seconds',
      help: 'Time of one flush: statement, commit and, for repetitions, the look-up.',
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
      registers,
    }),
    orders: new Counter({
      name: 'ingest_orders_total',
      help: 'Orders by outcome: created, repeated (answered from the row that was there), conflict.',
      labelNames: ['outcome'] as const,
      registers,
    }),
    tokens: new Counter({
      name: 'ingest_rate_limit_tokens_total',
      help: 'Rate limit decisions, one for each order asked for.',
      labelNames: ['decision'] as const,
      registers,
    }),
    outboxPartitions: new Counter({
      name: 'ingest_outbox_partitions_total',
      help: 'Partitions of the outbox by what this instance did with them: created, dropped.',
      labelNames: ['change'] as const,
      registers,
    }),
    /** Set by the care of the outbox, once a minute. */
    outboxKept: {
      partitions: new Gauge({ name: 'ingest_outbox_kept_partitions', help: 'Partitions the outbox has.', registers }),
      bytes: new Gauge({ name: 'ingest_outbox_kept_bytes', help: 'Size of the outbox with its indexes.', registers }),
      oldestAge: new Gauge({
        name: 'ingest_outbox_oldest_age_seconds',
        help: 'Age of the oldest day the outbox keeps, from its beginning: events can be sent again back to then.',
        registers,
      }),
      ahead: new Gauge({
        name: 'ingest_outbox_ahead_seconds',
        help: 'Time for which the outbox has partitions ahead; 0 before the first look, below 0 when there is none for today.',
        registers,
      }),
      retention: new Gauge({ name: 'ingest_outbox_retention_seconds', help: 'Age past which partitions are to be dropped.', registers }),
    },
    outboxCareFailures: new Counter({
      name: 'ingest_outbox_care_failures_total',
      help: 'Times the care of the outbox partitions failed; orders go on into the default partition.',
      registers,
    }),
  }
}
