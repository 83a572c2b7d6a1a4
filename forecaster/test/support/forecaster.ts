// The forecaster without its process: a real DuckDB file, a record log in memory, a clock set by hand.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { avroDecoder } from '@tally/platform/avro/decode'
import { avroType, encodeFramed } from '@tally/platform/avro/framing'
import { migrate, openDuckDb, readRows } from '@tally/platform/duckdb/file'
import { duckdbSnapshots } from '@tally/platform/duckdb/snapshots'
import { consume } from '@tally/platform/loop/consume'
import { createLog } from '@tally/platform/process/log'
import type { MemoryLog } from '@tally/platform/test-support/memory-log'
import { schemaOf } from '@tally/schemas/contract/files'
import { AS_OF_HEADER, AS_OF_KEY, type OrderBucket } from '@tally/schemas/contract/order-bucket'
import type { OrderForecast } from '@tally/schemas/contract/order-forecast'
import { FORECASTER, ORDER_BUCKETS, ORDER_FORECASTS } from '@tally/schemas/contract/topics'
import { Registry } from 'prom-client'
import { until } from '../../../test/support/until.ts'
import { answerForecast } from '../../answer/answer-forecast.ts'
import { augursModels } from '../../models/augurs-models.ts'
import { duckdbForecasts } from '../../publish/duckdb-forecasts.ts'
import { forecastDemand, type Pass } from '../../publish/forecast-demand.ts'
import { kafkaForecasts } from '../../publish/kafka-forecasts.ts'
import { bucketDecoder } from '../../series/decode-bucket.ts'
import { MIGRATIONS } from '../../series/demand-schema.ts'
import { duckdbDemand } from '../../series/duckdb-demand.ts'
import { duckdbHistory } from '../../series/duckdb-history.ts'
import { keepDemand } from '../../series/keep-demand.ts'

const bucketType = avroType<OrderBucket>(schemaOf(ORDER_BUCKETS))
const forecastType = avroType<OrderForecast>(schemaOf(ORDER_FORECASTS))
const BUCKET_SCHEMA_ID = 1
const FORECAST_SCHEMA_ID = 2

const registry = {
  idOf: async (): Promise<number> => FORECAST_SCHEMA_ID,
  typeById: async () => avroType<unknown>(schemaOf(ORDER_BUCKETS)),
}

export const MINUTE = 60_000_000n
export const HOUR = 60n * MINUTE
export const DAY = 24n * HOUR
export const NOW = BigInt(Date.parse('2026-11-24T12:00:00Z')) * 1000n
export const TODAY = NOW - (NOW % DAY)

export const clock = { now: () => Number(NOW / 1000n) }
export const silent = createLog('test', 'silent')

/** A folder for the file of one test. */
export function scratch() {
  const folder = mkdtempSync(join(tmpdir(), 'tally-forecaster-'))
  return { path: join(folder, 'forecaster.duckdb'), remove: () => rmSync(folder, { recursive: true, force: true }) }
}

export const bucket = (bucketStart: bigint, units: number, changes: Partial<OrderBucket> = {}): OrderBucket => ({
  ...{ bucketStart, category: 'Chairs', currency: 'USD', asOf: null, revision: 1n },
  ...{ orders: BigInt(Math.ceil(units / 2)), units: BigInt(units), revenueMinor: BigInt(units) * 1_999n },
  ...changes,
})

/** One bucket a day, the last one yesterday, a few minutes past ten. */
export const daily = (units: readonly number[], changes: Partial<OrderBucket> = {}): OrderBucket[] =>
  units.map((value, day) => bucket(TODAY - BigInt(units.length - day) * DAY + 10n * HOUR + BigInt(day % 7) * MINUTE, value, changes))

export const bucketRecord = (one: OrderBucket) => ({
  key: Buffer.from(`${one.bucketStart}|${one.category}|${one.currency}`),
  value: encodeFramed(BUCKET_SCHEMA_ID, bucketType, one),
})

export const asOfRecord = (asOf: bigint) => ({
  key: Buffer.from(AS_OF_KEY),
  value: null,
  headers: { [AS_OF_HEADER]: Buffer.from(String(asOf)) },
})

export const append = (log: MemoryLog, buckets: readonly OrderBucket[], asOf: bigint) =>
  log.append(ORDER_BUCKETS, [...buckets.map(bucketRecord), asOfRecord(asOf)])

/** What lies on order-forecasts: newest per key. */
export const publishedOn = (log: MemoryLog) =>
  new Map(log.records(ORDER_FORECASTS).map(({ key, value }) => [String(key), forecastType.fromBuffer(value?.subarray(5) ?? Buffer.of())]))

export type Forecaster = Awaited<ReturnType<typeof openForecaster>>

/** Counted over all passes that have ended: the last one may have had nothing left to make. */
export const made = ({ passes }: Forecaster, count: number) =>
  until(() => passes.reduce((sum, pass) => sum + pass.made, 0) === count, { what: `passes that made ${count} forecasts end` })

/** Everything of main.ts but the ports, on the log; without a log nothing is consumed or published. */
export async function openForecaster(path: string, log?: MemoryLog) {
  const file = await openDuckDb({ path, log: silent, stopping: new AbortController().signal })
  const connection = await file.connect()
  await migrate(connection, MIGRATIONS)
  const keeping = keepDemand({
    demand: await duckdbDemand(connection),
    decode: bucketDecoder(avroDecoder(registry, bucketType)),
    onKept: (change) => forecasting?.kept(change),
  })
  const snapshots = duckdbSnapshots(file.connect)
  const history = duckdbHistory(snapshots)
  const answer = answerForecast({ history, modelsFor: augursModels, clock, breathe: () => setImmediate() })
  const forecasts = duckdbForecasts(await file.connect(), snapshots)
  const passes: Pass[] = []
  const topic = log && kafkaForecasts(log, FORECAST_SCHEMA_ID, forecastType)
  const parts = { series: history.series, answer, forecasts, clock, log: silent, settleMs: 0, onPass: (pass: Pass) => passes.push(pass) }
  const forecasting = topic && forecastDemand({ ...parts, topic })
  forecasting?.ended.catch(() => {})
  const options = { topics: [ORDER_BUCKETS], group: FORECASTER, handler: keeping, clock, log: silent, metrics: new Registry() }
  const consuming = log && (await consume({ ...options, recordLog: log }))
  return {
    ...{ keeping, history, answer, forecasts, forecasting, passes },
    rows: (sql: string) => readRows(connection, sql),
    async close() {
      await consuming?.stop()
      await forecasting?.stop()
      await file.close()
    },
  }
}
