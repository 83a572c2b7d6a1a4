// forecaster: keeps the buckets in its own DuckDB file, forecasts them, answers over HTTP and publishes when a day closes.
import { setImmediate } from 'node:timers/promises'
import { avroDecoder } from '@tally/platform/avro/decode'
import { avroType } from '@tally/platform/avro/framing'
import { duckdbSnapshots } from '@tally/platform/duckdb/snapshots'
import { httpApp } from '@tally/platform/http/app'
import { listen } from '@tally/platform/http/server'
import { runConsumer } from '@tally/platform/service/open-consumer'
import { schemaOf } from '@tally/schemas/contract/files'
import type { OrderBucket } from '@tally/schemas/contract/order-bucket'
import type { OrderForecast } from '@tally/schemas/contract/order-forecast'
import { FORECASTER, ORDER_BUCKETS, ORDER_FORECASTS, subjectOf } from '@tally/schemas/contract/topics'
import { answerForecast } from '#answer/answer-forecast'
import { routes } from '#answer/http'
import { augursModels } from '#models/augurs-models'
import { duckdbForecasts } from '#publish/duckdb-forecasts'
import { forecastDemand, type Pass } from '#publish/forecast-demand'
import { kafkaForecasts } from '#publish/kafka-forecasts'
import { bucketDecoder } from '#series/decode-bucket'
import { MIGRATIONS } from '#series/demand-schema'
import { duckdbDemand } from '#series/duckdb-demand'
import { duckdbHistory } from '#series/duckdb-history'
import { keepDemand } from '#series/keep-demand'
import { forecasterConfig } from './config.ts'
import { forecastMetrics } from './metrics.ts'

runConsumer(FORECASTER, forecasterConfig, async (app, config, { clock, metrics, recordLog, registry, patiently, openFile, consume }) => {
  const { log } = app
  await patiently(() => registry.idOf(subjectOf(ORDER_BUCKETS), schemaOf(ORDER_BUCKETS)))
  const forecastSchemaId = await patiently(() => registry.idOf(subjectOf(ORDER_FORECASTS), schemaOf(ORDER_FORECASTS)))
  const file = await openFile(MIGRATIONS)

  const keeping = keepDemand({
    demand: await duckdbDemand(await file.connect()),
    decode: bucketDecoder(avroDecoder(registry, avroType<OrderBucket>(schemaOf(ORDER_BUCKETS)))),
    onKept(change) {
      measured.kept(change)
      forecasting.kept(change)
    },
  })
  const measured = forecastMetrics(metrics, () => keeping.state().asOf, clock)
  const snapshots = duckdbSnapshots(file.connect)
  const history = duckdbHistory(snapshots)
  const answer = answerForecast({ history, modelsFor: augursModels, clock, breathe: () => setImmediate(), onForecast: measured.made })
  const forecasts = duckdbForecasts(await file.connect(), snapshots)
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
  await consume(ORDER_BUCKETS, keeping)
  forecasting.ended.catch(app.fail)

  const published = async () => ({ asOf: keeping.state().asOf, forecasts: await forecasts.all(), refused })
  const listening = await listen(httpApp({ log, metrics, routes: routes(answer, published) }), config.LISTEN)
  app.onClose('public port', listening.close)
  log.info({ port: listening.port, file: config.DATA_FILE }, 'forecasting')
})
