// ingest-api: takes orders over HTTP; writes each with its event in one transaction.

import { confluentRegistry } from '@tally/platform/avro/registry'
import { openOps } from '@tally/platform/http/probes'
import { listen } from '@tally/platform/http/server'
import { systemClock } from '@tally/platform/process/clock'
import { createLog } from '@tally/platform/process/log'
import { createMetrics } from '@tally/platform/process/metrics'
import { whileUnavailable } from '@tally/platform/process/retry'
import type { App } from '@tally/platform/process/run'
import { run } from '@tally/platform/process/run'
import { schemaOf } from '@tally/schemas/contract/files'
import { ORDER_EVENTS, subjectOf } from '@tally/schemas/contract/topics'
import { redisRateLimits } from '#admission/redis-rate-limits'
import { databaseAnswers, openPool } from '#database/pool'
import { ingestApp } from '#http/app'
import { leasedIds } from '#ids/leased-ids'
import { postgresNodeLeases } from '#ids/postgres-node-leases'
import { careForOutbox } from '#outbox/maintain-outbox'
import { postgresOutboxPartitions } from '#outbox/postgres-partitions'
import { postgresSlot } from '#outbox/postgres-slot'
import { watchSlot } from '#outbox/watch-slot'
import { ingestConfig } from './config.ts'

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
