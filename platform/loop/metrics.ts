// What the consume loop counts. Lag and age are those of the last batch seen.
import { Counter, Gauge, Histogram, type Registry } from 'prom-client'

export type ConsumeMetrics = ReturnType<typeof consumeMetrics>

/** Registers the loop's metrics. */
export function consumeMetrics(metrics: Registry) {
  const registers = [metrics]
  const labelNames = ['topic', 'partition'] as const
  return {
    lag: new Gauge({ name: 'consumer_lag_records', help: 'High watermark minus next offset.', labelNames, registers }),
    lagSeconds: new Gauge({
      name: 'consumer_lag_seconds',
      help: 'Age of the last settled record while there is lag, else 0.',
      labelNames,
      registers,
    }),
    records: new Counter({
      name: 'consumer_records_total',
      help: 'Records settled: handled, dead-lettered, or ignored as replays for another group.',
      labelNames: ['topic', 'outcome'],
      registers,
    }),
    deadLetters: new Counter({
      name: 'consumer_dead_letters_total',
      help: 'Dead letters written.',
      labelNames: ['topic', 'reason'],
      registers,
    }),
    retries: new Counter({
      name: 'consumer_retries_total',
      help: 'Attempts that failed and are made again.',
      labelNames: ['topic', 'cause'],
      registers,
    }),
    waiting: new Gauge({ name: 'consumer_waiting_partitions', help: 'Partitions paused until the next attempt.', registers }),
    buffered: new Gauge({ name: 'consumer_buffered_records', help: 'Records fetched and not settled yet.', registers }),
    rebalances: new Counter({ name: 'consumer_rebalances_total', help: 'Assignments of partitions, the first one included.', registers }),
    stalled: new Gauge({
      name: 'consumer_stalled_seconds',
      help: 'For how long records have waited with none coming; the process ends at STALL_TIMEOUT_MS.',
      labelNames,
      registers,
    }),
    heldBack: new Gauge({
      name: 'consumer_open_transaction_seconds',
      help: 'For how long an open transaction of some producer has kept the records behind it from being read; 0: none does.',
      labelNames,
      registers,
    }),
    batchRecords: new Histogram({
      name: 'consumer_batch_records',
      help: 'Records per fetched batch.',
      buckets: [1, 10, 100, 1_000, 5_000, 20_000, 100_000],
      registers,
    }),
  }
}
