// aggregator: counts order events into its DuckDB file, each exactly once; answers over HTTP, publishes changed buckets.

import { avroDecoder } from '@tally/platform/avro/decode'
import { avroType, projected } from '@tally/platform/avro/framing'
import { openDuckDb } from '@tally/platform/duckdb/file'
import { httpApp } from '@tally/platform/http/app'
import { listen } from '@tally/platform/http/server'
import { topicConfig } from '@tally/platform/kafka/topic-config'
import { runConsumer } from '@tally/platform/service/open-consumer'
import { schemaOf } from '@tally/schemas/contract/files'
import type { OrderBucket } from '@tally/schemas/contract/order-bucket'
import { AGGREGATOR, ORDER_BUCKETS, ORDER_EVENTS, subjectOf } from '@tally/schemas/contract/topics'
import { duckdbAnswers } from '#answer/answers'
import { routes } from '#answer/http'
import { followAsOf } from '#as-of/follow-as-of'
import { countOrders } from '#count/count-orders'
import { orderDecoder } from '#count/decode-order'
import { checkDedupWindow } from '#count/dedup-window'
import { COUNTED_FIELDS, type CountedOrder } from '#count/order-event'
import { duckdbChanges } from '#publish/changes'
import { publishBuckets } from '#publish/publish-buckets'
import { kafkaBuckets } from '#publish/topic'
import { opsRebuild, rebuildCounts } from '#rebuild/rebuild-counts'
import { duckdbRecount } from '#rebuild/recount'
import { duckdbRebuild } from '#rebuild/repair'
import { duckdbCounts } from '#store/counts'
import { tendCounts } from '#store/maintain-counts'
import { duckdbTending } from '#store/maintenance'
import { MIGRATIONS, WAY_BACK } from '#store/schema'
import { aggregatorConfig } from './config.ts'
import { countMetrics } from './metrics.ts'

runConsumer(AGGREGATOR, aggregatorConfig, async (app, config, parts) => {
  const { clock, metrics, opsRoutes, ready, recordLog, registry, patiently, openFile, consume } = parts
  const { log, stopping } = app
  checkDedupWindow(config.DEDUP_WINDOW_MS, ORDER_EVENTS, await patiently(() => topicConfig(config.KAFKA_BROKERS, ORDER_EVENTS)))
  await patiently(() => registry.idOf(subjectOf(ORDER_EVENTS), schemaOf(ORDER_EVENTS)))
  const bucketSchemaId = await patiently(() => registry.idOf(subjectOf(ORDER_BUCKETS), schemaOf(ORDER_BUCKETS)))
  const file = await openFile(MIGRATIONS, { threads: 1, wayBack: WAY_BACK })

  const rules = {
    decode: orderDecoder(avroDecoder(registry, avroType<CountedOrder>(projected(schemaOf(ORDER_EVENTS), COUNTED_FIELDS))), clock),
    clock,
    dedupWindowMs: config.DEDUP_WINDOW_MS,
    flushIntervalMs: config.FLUSH_INTERVAL_MS,
    onFault: app.fail,
  }
  const bounds = await patiently(() => recordLog.bounds(ORDER_EVENTS))
  const logStarts = new Map([...bounds].map(([partition, { logStart }]) => [partition, logStart]))
  const counts = await duckdbCounts(await file.connect(), logStarts)
  const counting = countOrders({
    ...rules,
    counts,
    onFlushed(change, outcomes, seconds) {
      measured.flushed(change, outcomes, seconds)
      publishing.wake()
      tending.wake()
    },
  })
  app.onClose('counting', counting.drained)
  const changed = duckdbChanges(await file.connect())
  const measured = countMetrics([metrics], counting.state, changed.count, clock)
  const topic = kafkaBuckets(recordLog, bucketSchemaId, avroType<OrderBucket>(schemaOf(ORDER_BUCKETS)), measured.publishedBuckets)
  const publishing = publishBuckets({ changed, topic, published: counting.published, isBehind: counting.isBehind, clock, log })
  app.onClose('publishing', publishing.stop)
  const keeping = { historyMs: config.HISTORY_MS, minuteRetentionMs: config.MINUTE_RETENTION_MS }
  const tending = tendCounts({ tending: await duckdbTending(await file.connect()), counting, ...keeping, clock, log })
  app.onClose('tending', tending.stop)
  await consume(ORDER_EVENTS, counting)
  const following = await followAsOf({ recordLog, log, clock, aimAt: counting.aimAt, onAhead: measured.heartbeatAhead })
  ready.asOf = following.ready
  app.onClose('following as of', following.stop)
  for (const part of [publishing, tending, following]) part.ended.catch(app.fail)

  const store = duckdbRebuild(await file.connect(), `${config.DATA_FILE}.rebuild`, {
    reread: counts.reread,
    open: duckdbRecount({
      ...{ rules, log },
      openFile: (path) => openDuckDb({ path, log, stopping, memoryLimit: config.DUCKDB_MEMORY_LIMIT, threads: 1 }),
    }),
  })
  await store.remove()
  const rebuilding = rebuildCounts({ store, counting, recordLog, clock, log, stopping, fail: app.fail })
  app.onClose('rebuilding', rebuilding.stopped)
  opsRoutes.set('/rebuild', opsRebuild(rebuilding))

  const listening = await listen(httpApp({ log, metrics, routes: routes(duckdbAnswers(file), clock, config.CACHE_TTL_MS) }), config.LISTEN)
  app.onClose('public port', listening.close)
  log.info({ port: listening.port, file: config.DATA_FILE }, 'counting')
})
