// ingest-api: takes orders over HTTP; writes each with its event in one transaction.
import { systemClock } from '@tally/platform/clock'
import { listen } from '@tally/platform/http-server'
import { createLog } from '@tally/platform/log'
import { createMetrics } from '@tally/platform/metrics'
import { openOps } from '@tally/platform/probes'
import { confluentRegistry } from '@tally/platform/registry'
import { whileUnavailable } from '@tally/platform/retry'
import type { App } from '@tally/platform/run'
import { run } from '@tally/platform/run'
import { schemaOf } from '@tally/schemas/files'
import { ORDER_EVENTS, subjectOf } from '@tally/schemas/topics'
import { careForOutbox } from './care-for-outbox.ts'
import { ingestConfig } from './config.ts'
import { ingestApp } from './ingest-app.ts'
import { leasedIds } from './leased-ids.ts'
import { postgresNodeLeases } from './postgres-node-leases.ts'
import { postgresOutboxPartitions } from './postgres-outbox-partitions.ts'
import { databaseAnswers, openPool } from './postgres-pool.ts'
import { postgresSlot } from './postgres-slot.ts'
import { redisRateLimits } from './redis-rate-limits.ts'
import { watchSlot } from './watch-slot.ts'

async function main(app: App): Promise<void> {
  const config = ingestConfig()
  const { log } = app
  const clock = systemClock
  const registry = createMetrics('ingest-api')

  const pool = openPool({ config, log })
  app.onClose('database pool', () => pool.end())
  const ids = leasedIds(postgresNodeLeases(config.DATABASE_URL), clock, log)
  app.onClose('node lease', ids.close)
  const opsPort = await openOps(app, config.OPS_LISTEN, registry, {
    live: {},
    ready: { database: () => databaseAnswers(pool), ids: ids.ready },
  })

  const schemas = confluentRegistry(config.SCHEMA_REGISTRY_URL)
  const schemaId = await whileUnavailable(() => schemas.idOf(subjectOf(ORDER_EVENTS), schemaOf(ORDER_EVENTS)), {
    deadlineMs: 60_000,
    onRetry: (error) => log.warn({ why: error.message }, 'waiting for the schema registry'),
  })
  const slot = watchSlot(postgresSlot(pool, config.OUTBOX_SLOT), log)
  app.onClose('slot watch', slot.stop)
  const sharedLimits = config.REDIS_URL === undefined ? undefined : await redisRateLimits(config.REDIS_URL)
  if (sharedLimits) app.onClose('Redis', sharedLimits.close)
  const {
    app: publicApp,
    metrics,
    drained,
  } = ingestApp({
    pool,
    ids,
    slot,
    sharedLimits,
    schemaId,
    config,
    clock,
    log,
    registry,
  })
  const care = careForOutbox(postgresOutboxPartitions(pool), {
    retentionDays: config.OUTBOX_RETENTION_DAYS,
    slot: config.OUTBOX_SLOT,
    log,
    metrics,
  })
  app.onClose('outbox care', care.stop)
  app.onClose('orders under way', drained)
  const listening = await listen(publicApp, config.LISTEN)
  app.onClose('public port', listening.close)
  log.info({ port: listening.port, opsPort }, 'taking orders')
}

const options = () => {
  const config = ingestConfig()
  return { log: createLog('ingest-api', config.LOG_LEVEL), drainTimeoutMs: config.DRAIN_TIMEOUT_MS }
}
run(options, main)
