// The API over a real database, listening on a free port of this process.

import type { ArrivalTimes } from '@tally/platform/http/server'
import { listen } from '@tally/platform/http/server'
import type { Clock } from '@tally/platform/process/clock'
import { systemClock } from '@tally/platform/process/clock'
import { createLog } from '@tally/platform/process/log'
import { createMetrics } from '@tally/platform/process/metrics'
import type { Registry } from 'prom-client'
import { until } from '../../test/support/until.ts'
import type { RateLimits } from '../admission/rate-limits.ts'
import { openPool } from '../database/pool.ts'
import type { AppConfig } from '../http/app.ts'
import { ingestApp } from '../http/app.ts'
import { leasedIds } from '../ids/leased-ids.ts'
import { postgresNodeLeases } from '../ids/postgres-node-leases.ts'
import type { SlotWatch } from '../outbox/watch-slot.ts'
import { fetchDescribed } from './spec.ts'

export const SCHEMA_ID = 7
export const silentLog = createLog('ingest-api-test', 'silent')

export type TestApi = {
  url: string
  port: number
  registry: Registry
  /** POST /v1/orders with a JSON body, or any other request. */
  post(apiKey: string, body: unknown, headers?: Record<string, string>): Promise<Answer>
  request(path: string, init?: RequestInit): Promise<Answer>
  close(): Promise<void>
}

// biome-ignore lint/suspicious/noExplicitAny: answers are looked into, not typed.
export type Answer = { status: number; headers: Headers; text: string; body: any }

/** `clock` is the app's; ids are minted by the system's. */
type Options = {
  databaseUrl: string
  clock?: Clock
  maxQueued?: number
  perMinute?: number
  wrongKeysPerMinute?: number
  connections?: number
  statementTimeoutMs?: number
  slot?: Partial<SlotWatch>
  sharedLimits?: RateLimits
  arrival?: ArrivalTimes
  /** By which the database is probed. */
  poolClock?: Clock
  config?: Partial<AppConfig>
}

/** Starts it and waits until ids can be minted. */
export async function startApi({ databaseUrl, clock = systemClock, ...options }: Options): Promise<TestApi> {
  const log = silentLog
  const registry = createMetrics('ingest-api-test')
  const config = {
    DATABASE_URL: databaseUrl,
    DATABASE_CONNECTIONS: options.connections ?? 4,
    STATEMENT_TIMEOUT_MS: options.statementTimeoutMs ?? 5_000,
    MAX_ORDER_AGE_DAYS: 7,
    MAX_QUEUED_ORDERS: options.maxQueued ?? 2_000,
    RATE_LIMIT_PER_MINUTE: options.perMinute ?? 1_000_000,
    RATE_LIMIT_BURST: undefined,
    WRONG_KEYS_PER_MINUTE: options.wrongKeysPerMinute ?? 1_000_000,
    MAX_PLACING_ORDERS: 1_000,
    MAX_CONCURRENT_REQUESTS: 1_000,
    MAX_CONCURRENT_BATCHES: 8,
    REQUEST_DEADLINE_MS: 30_000,
    TRUST_PROXY_HOPS: 0,
    ...options.config,
  }
  const pool = openPool({ config, log, clock: options.poolClock })
  const ids = leasedIds(postgresNodeLeases(databaseUrl), systemClock, log)
  const { app, drained } = ingestApp({
    pool,
    ids,
    slot: { shedding: () => undefined, reading: () => undefined, ...options.slot },
    sharedLimits: options.sharedLimits,
    schemaId: SCHEMA_ID,
    config,
    clock,
    log,
    registry,
  })
  const listening = await listen(app, { host: '127.0.0.1', port: 0, arrival: options.arrival })
  const url = `http://127.0.0.1:${listening.port}`
  await until(() => ids.ready() === undefined, { what: 'a node lease is held' })

  async function request(path: string, init: RequestInit = {}): Promise<Answer> {
    const { answer, text } = await fetchDescribed(url, path, init)
    const isJson = /[/+]json/.test(answer.headers.get('content-type') ?? '')
    return { status: answer.status, headers: answer.headers, text, body: isJson && text !== '' ? JSON.parse(text) : undefined }
  }

  return {
    url,
    port: listening.port,
    registry,
    request,
    post: (apiKey, body, headers = {}) =>
      request('/v1/orders', {
        method: 'POST',
        headers: { Authorization: `Bearer ${apiKey}`, 'Content-Type': 'application/json', ...headers },
        body: typeof body === 'string' ? body : JSON.stringify(body),
      }),
    async close() {
      await listening.close()
      await drained()
      await ids.close()
      await pool.end()
    },
  }
}
