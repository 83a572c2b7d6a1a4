// aggregator: counts order events into its DuckDB file, each exactly once; answers over HTTP, publishes changed buckets.
import { avroType } from '@tally/platform/avro'
import { systemClock } from '@tally/platform/clock'
import { type Consuming, consume } from '@tally/platform/consume'
import { avroDecoder } from '@tally/platform/decode'
import { migrate, openDuckDb } from '@tally/platform/duckdb'
import { httpApp } from '@tally/platform/http-app'
import { listen } from '@tally/platform/http-server'
import { kafkaLog } from '@tally/platform/kafka-log'
import { topicConfig } from '@tally/platform/kafka-topic-config'
import { createLog } from '@tally/platform/log'
import { createMetrics } from '@tally/platform/metrics'
import { policyOf } from '@tally/platform/policy'
import { openOps } from '@tally/platform/probes'
import { confluentRegistry } from '@tally/platform/registry'
import { whileUnavailable } from '@tally/platform/retry'
import { type App, run } from '@tally/platform/run'
import { schemaOf } from '@tally/schemas/files'
import type { OrderBucket } from '@tally/schemas/order-bucket'
import type { OrderPlaced } from '@tally/schemas/order-placed'
import { AGGREGATOR, ORDER_BUCKETS, ORDER_EVENTS, subjectOf } from '@tally/schemas/topics'
import { aggregatorConfig } from './config.ts'
import { countOrders } from './count-orders.ts'
import { MIGRATIONS } from './counts-schema.ts'
import { orderDecoder } from './decode-order.ts'
import { checkDedupWindow } from './dedup-window.ts'
import { duckdbAnswers } from './duckdb-answers.ts'
import { duckdbChanges } from './duckdb-changes.ts'
import { duckdbCounts } from './duckdb-counts.ts'
import { followAsOf } from './follow-as-of.ts'
import { routes } from './http.ts'
import { kafkaBuckets } from './kafka-buckets.ts'
import { countMetrics } from './metrics.ts'
import { publishBuckets } from './publish-buckets.ts'

async function main(app: App): Promise<void> {
  const config = aggregatorConfig()
  const { log } = app
  const clock = systemClock
  const metrics = createMetrics(AGGREGATOR)
  const policy = policyOf(config)
  const patiently = <T>(work: () => Promise<T>) => whileUnavailable(work, { deadlineMs: config.START_TIMEOUT_MS })

  let waiting: string | undefined = 'starting'
  let consuming: Consuming | undefined
  const loop = { live: () => consuming?.live(), ready: () => (consuming === undefined ? waiting : consuming.ready()) }
  await openOps(app, config.OPS_LISTEN, metrics, { live: { loop: loop.live }, ready: { loop: loop.ready } })

  const recordLog = kafkaLog({ brokers: config.KAFKA_BROKERS, clientId: AGGREGATOR, log, metrics })
  app.onClose('kafka', recordLog.close)
  checkDedupWindow(config.DEDUP_WINDOW_MS, ORDER_EVENTS, await patiently(() => topicConfig(config.KAFKA_BROKERS, ORDER_EVENTS)))
  const registry = confluentRegistry(config.SCHEMA_REGISTRY_URL)
  const bucketSchemaId = await patiently(() => registry.idOf(subjectOf(ORDER_BUCKETS), schemaOf(ORDER_BUCKETS)))
  const onStandby = (why: string) => {
    waiting = why
  }
  const file = await openDuckDb({
    path: config.DATA_FILE,
    log,
    stopping: app.stopping,
    memoryLimit: config.DUCKDB_MEMORY_LIMIT,
    threads: 1,
    onStandby,
  })
  app.onClose('counts file', file.close)
  const connection = await file.connect()
  await migrate(connection, MIGRATIONS)

  const bounds = await patiently(() => recordLog.bounds(ORDER_EVENTS))
  const counting = countOrders({
    counts: await duckdbCounts(connection),
    decode: orderDecoder(avroDecoder(registry, avroType<OrderPlaced>(schemaOf(ORDER_EVENTS))), clock),
    clock,
    logStarts: new Map([...bounds].map(([partition, { logStart }]) => [partition, logStart])),
    dedupWindowMs: config.DEDUP_WINDOW_MS,
    flushIntervalMs: config.FLUSH_INTERVAL_MS,
    onFault: app.fail,
    onFlushed(change, outcomes, seconds) {
      measured.flushed(change, outcomes, seconds)
      publishing.wake()
    },
  })
  app.onClose('counting', counting.drained)
  const changed = duckdbChanges(await file.connect())
  const measured = countMetrics([metrics], counting.state, changed.count, clock)
  const topic = kafkaBuckets(recordLog, bucketSchemaId, avroType<OrderBucket>(schemaOf(ORDER_BUCKETS)), measured.publishedBuckets)
  const publishing = publishBuckets({ changed, topic, published: counting.published, clock, log })
  app.onClose('publishing', publishing.stop)
  consuming = await consume({ recordLog, topics: [ORDER_EVENTS], group: AGGREGATOR, handler: counting, clock, log, metrics, policy })
  app.onClose('consuming', consuming.stop)
  const following = await followAsOf({ recordLog, log, aimAt: counting.aimAt })
  app.onClose('following as of', following.stop)
  for (const part of [publishing, consuming, following]) part.ended.catch(app.fail)

  const listening = await listen(httpApp({ log, metrics, routes: routes(duckdbAnswers(file), clock) }), config.LISTEN)
  app.onClose('public port', listening.close)
  log.info({ port: listening.port, file: config.DATA_FILE }, 'counting')
}

const options = () => {
  const config = aggregatorConfig()
  return { log: createLog(AGGREGATOR, config.LOG_LEVEL), drainTimeoutMs: config.DRAIN_TIMEOUT_MS }
}
run(options, main)
