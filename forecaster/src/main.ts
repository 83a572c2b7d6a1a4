// forecaster: keeps the buckets in its own DuckDB file, forecasts them, answers over HTTP and publishes when a day closes.
import { setImmediate } from 'node:timers/promises'
import { avroType } from '@tally/platform/avro'
import { systemClock } from '@tally/platform/clock'
import { type Consuming, consume } from '@tally/platform/consume'
import { avroDecoder } from '@tally/platform/decode'
import { migrate, openDuckDb } from '@tally/platform/duckdb'
import { httpApp } from '@tally/platform/http-app'
import { listen } from '@tally/platform/http-server'
import { kafkaLog } from '@tally/platform/kafka-log'
import { createLog } from '@tally/platform/log'
import { createMetrics } from '@tally/platform/metrics'
import { policyOf } from '@tally/platform/policy'
import { openOps } from '@tally/platform/probes'
import { confluentRegistry } from '@tally/platform/registry'
import { whileUnavailable } from '@tally/platform/retry'
import { type App, run } from '@tally/platform/run'
import { schemaOf } from '@tally/schemas/files'
import type { OrderBucket } from '@tally/schemas/order-bucket'
import type { OrderForecast } from '@tally/schemas/order-forecast'
import { FORECASTER, ORDER_BUCKETS, ORDER_FORECASTS, subjectOf } from '@tally/schemas/topics'
import { answerForecast } from './answer-forecast.ts'
import { augursModels } from './augurs-models.ts'
import { forecasterConfig } from './config.ts'
import { bucketDecoder } from './decode-bucket.ts'
import { MIGRATIONS } from './demand-schema.ts'
import { duckdbDemand } from './duckdb-demand.ts'
import { duckdbForecasts } from './duckdb-forecasts.ts'
import { duckdbHistory } from './duckdb-history.ts'
import { forecastDemand, type Pass } from './forecast-demand.ts'
import { routes } from './http.ts'
import { kafkaForecasts } from './kafka-forecasts.ts'
import { keepDemand } from './keep-demand.ts'
import { forecastMetrics } from './metrics.ts'

async function main(app: App): Promise<void> {
  const config = forecasterConfig()
  const { log } = app
  const clock = systemClock
  const metrics = createMetrics(FORECASTER)
  const policy = policyOf(config)
  const patiently = <T>(work: () => Promise<T>) => whileUnavailable(work, { deadlineMs: config.START_TIMEOUT_MS })

  let waiting: string | undefined = 'starting'
  let consuming: Consuming | undefined
  const loop = { live: () => consuming?.live(), ready: () => (consuming === undefined ? waiting : consuming.ready()) }
  await openOps(app, config.OPS_LISTEN, metrics, { live: { loop: loop.live }, ready: { loop: loop.ready } })

  const recordLog = kafkaLog({ brokers: config.KAFKA_BROKERS, clientId: FORECASTER, log, metrics })
  app.onClose('kafka', recordLog.close)
  const registry = confluentRegistry(config.SCHEMA_REGISTRY_URL)
  const forecastSchemaId = await patiently(() => registry.idOf(subjectOf(ORDER_FORECASTS), schemaOf(ORDER_FORECASTS)))
  const onStandby = (why: string) => {
    waiting = why
  }
  const file = await openDuckDb({ path: config.DATA_FILE, log, stopping: app.stopping, memoryLimit: config.DUCKDB_MEMORY_LIMIT, onStandby })
  app.onClose('demand file', file.close)
  const connection = await file.connect()
  await migrate(connection, MIGRATIONS)

  const keeping = keepDemand({
    demand: await duckdbDemand(connection),
    decode: bucketDecoder(avroDecoder(registry, avroType<OrderBucket>(schemaOf(ORDER_BUCKETS)))),
    onKept(change) {
      measured.kept(change)
      forecasting.kept(change)
    },
  })
  const measured = forecastMetrics(metrics, () => keeping.state().asOf, clock)
  const history = duckdbHistory(file.connect)
  const answer = answerForecast({ history, modelsFor: augursModels, clock, breathe: () => setImmediate(), onForecast: measured.made })
  const forecasts = duckdbForecasts(await file.connect())
  let refused: Pass['refused'] = []
  const forecasting = forecastDemand({
    series: history.series,
    answer,
    forecasts,
    topic: kafkaForecasts(recordLog, forecastSchemaId, avroType<OrderForecast>(schemaOf(ORDER_FORECASTS))),
    clock,
    log,
    settleMs: config.FORECAST_SETTLE_MS,
    onPublished: measured.published,
    onPass(pass) {
      measured.passed(pass)
      refused = pass.refused
    },
  })
  app.onClose('forecasting', forecasting.stop)
  consuming = await consume({ recordLog, topics: [ORDER_BUCKETS], group: FORECASTER, handler: keeping, clock, log, metrics, policy })
  app.onClose('consuming', consuming.stop)
  for (const part of [forecasting, consuming]) part.ended.catch(app.fail)

  const published = async () => ({ asOf: keeping.state().asOf, forecasts: await forecasts.all(), refused })
  const listening = await listen(httpApp({ log, metrics, routes: routes(answer, published) }), config.LISTEN)
  app.onClose('public port', listening.close)
  log.info({ port: listening.port, file: config.DATA_FILE }, 'forecasting')
}

const options = () => {
  const config = forecasterConfig()
  return { log: createLog(FORECASTER, config.LOG_LEVEL), drainTimeoutMs: config.DRAIN_TIMEOUT_MS }
}
run(options, main)
