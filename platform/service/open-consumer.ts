// What every service opens that consumes into a DuckDB file of its own: ops port, Kafka, registry, file, the loop.
import type { Registry } from 'prom-client'
import { confluentRegistry, type SchemaRegistry } from '#avro/registry'
import { type DuckDbFile, migrate, openDuckDb } from '#duckdb/file'
import { type OpsRoutes, openOps, type Probes } from '#http/probes'
import { kafkaLog } from '#kafka/log'
import { type Consuming, consume } from '#loop/consume'
import { fileMarks } from '#loop/file-marks'
import type { Handler } from '#loop/handler'
import { policyOf } from '#loop/policy'
import { type Clock, systemClock } from '#process/clock'
import { createLog } from '#process/log'
import { createMetrics } from '#process/metrics'
import { whileUnavailable } from '#process/retry'
import { type App, run } from '#process/run'
import type { RecordLog } from '#records/record-log'
import type { ConsumerConfig } from './config.ts'

export type ConsumerParts = {
  clock: Clock
  metrics: Registry
  recordLog: RecordLog
  registry: SchemaRegistry
  /** What else the ops port answers; may be added to. */
  opsRoutes: OpsRoutes
  /** What else the service must have to be ready; may be added to. */
  ready: Probes['ready']
  /** Repeats while something is away, for as long as a start may take. */
  patiently<T>(work: () => Promise<T>): Promise<T>
  /** Opens DATA_FILE, not ready while another process holds it, and brings it to the newest version. */
  openFile(migrations: readonly string[], options?: { threads?: number; wayBack?: string }): Promise<DuckDbFile>
  /** Starts the loop; the service is as ready and alive as the loop is, and ends by its fault. */
  consume<T>(topic: string, handler: Handler<T>): Promise<void>
}

/** Runs `main` with what is open; the service's name is its consumer group. */
export function runConsumer<C extends ConsumerConfig>(
  service: string,
  readConfig: () => C,
  main: (app: App, config: C, parts: ConsumerParts) => Promise<void>,
): void {
  const options = () => {
    const { LOG_LEVEL, DRAIN_TIMEOUT_MS } = readConfig()
    return { log: createLog(service, LOG_LEVEL), drainTimeoutMs: DRAIN_TIMEOUT_MS }
  }
  run(options, async (app) => {
    const config = readConfig()
    await main(app, config, await openConsumer(app, service, config))
  })
}

async function openConsumer(app: App, service: string, config: ConsumerConfig): Promise<ConsumerParts> {
  const { log, stopping } = app
  const clock = systemClock
  const metrics = createMetrics(service)
  let waiting = 'starting'
  let consuming: Consuming | undefined
  const live = { loop: () => consuming?.live() }
  const ready: Probes['ready'] = { loop: () => (consuming === undefined ? waiting : consuming.ready()) }
  const opsRoutes: OpsRoutes = new Map()
  await openOps(app, config.OPS_LISTEN, metrics, { live, ready }, opsRoutes)
  const recordLog = kafkaLog({ brokers: config.KAFKA_BROKERS, clientId: service, log, metrics, fast: config.KAFKAJS_FAST })
  app.onClose('kafka', recordLog.close)

  return {
    clock,
    metrics,
    opsRoutes,
    ready,
    recordLog,
    registry: confluentRegistry(config.SCHEMA_REGISTRY_URL),
    patiently: (work) => whileUnavailable(work, { deadlineMs: config.START_TIMEOUT_MS }),
    async openFile(migrations, options) {
      const onStandby = (why: string) => {
        waiting = why
      }
      const file = await openDuckDb({
        ...{ path: config.DATA_FILE, memoryLimit: config.DUCKDB_MEMORY_LIMIT, log, stopping, onStandby, ...options },
      })
      app.onClose('data file', file.close)
      const connection = await file.connect()
      await migrate(connection, migrations).finally(() => connection.closeSync())
      return file
    },
    async consume(topic, handler) {
      consuming = await consume({
        ...{ recordLog, topics: [topic], group: service, handler, clock, log, metrics },
        policy: policyOf(config),
        marks: fileMarks(`${config.DATA_FILE}.in-hand`, log),
      })
      app.onClose('consuming', consuming.stop)
      consuming.ended.catch(app.fail)
    },
  }
}
