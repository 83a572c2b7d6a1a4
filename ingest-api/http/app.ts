// Wires the public app: from a pool, ids and the event's schema id to routes. It is not listening yet.
import { avroType, encodeFramed } from '@tally/platform/avro/framing'
import { answeredAtOnce, httpApp } from '@tally/platform/http/app'
import type { Clock } from '@tally/platform/process/clock'
import type { Log } from '@tally/platform/process/log'
import { schemaOf } from '@tally/schemas/contract/files'
import type { OrderPlaced } from '@tally/schemas/contract/order-placed'
import { ORDER_EVENTS } from '@tally/schemas/contract/topics'
import { Router } from 'express'
import type { Registry } from 'prom-client'
import { fallbackRateLimits } from '#admission/fallback-rate-limits'
import { gate } from '#admission/load'
import { memoryRateLimits } from '#admission/memory-rate-limits'
import { orderLimits } from '#admission/rate-limit'
import type { RateLimits } from '#admission/rate-limits'
import { shedFirst } from '#admission/shed'
import { limitWrongKeys } from '#admission/wrong-keys'
import type { IngestConfig } from '#config'
import type { GuardedPool } from '#database/pool'
import type { Ids } from '#ids/leased-ids'
import { authenticateMerchant } from '#merchants/authenticate'
import { postgresMerchants } from '#merchants/postgres-merchants'
import { ingestMetrics } from '#metrics'
import { orderParser, placedAtBounds } from '#orders/order-request'
import { placeOrder } from '#orders/place-order'
import { postgresOrderReader } from '#orders/postgres-order-reader'
import { postgresEarlierOrder, postgresOrders } from '#orders/postgres-orders'
import { writeTogether } from '#orders/write-orders'
import type { SlotWatch } from '#outbox/watch-slot'
import { docs } from './docs.ts'
import { problemPages } from './problems.ts'
import { orderRoutes } from './routes.ts'

/** As many orders as go through within some 20 ms: more of them under way place no more. */
const SUSTAINED_PLACING = 96

export type AppConfig = Pick<
  IngestConfig,
  | 'MAX_ORDER_AGE_DAYS'
  | 'MAX_QUEUED_ORDERS'
  | 'MAX_PLACING_ORDERS'
  | 'MAX_CONCURRENT_REQUESTS'
  | 'MAX_CONCURRENT_BATCHES'
  | 'REQUEST_DEADLINE_MS'
  | 'RATE_LIMIT_PER_MINUTE'
  | 'RATE_LIMIT_BURST'
  | 'WRONG_KEYS_PER_MINUTE'
  | 'TRUST_PROXY_HOPS'
>

type Needs = {
  pool: GuardedPool
  ids: Ids
  slot: Pick<SlotWatch, 'shedding' | 'reading'>
  /** Buckets that all instances share; without them each instance has its own. */
  sharedLimits: RateLimits | undefined
  /** Id under which the schema of OrderPlaced is registered. */
  schemaId: number
  config: AppConfig
  clock: Clock
  log: Log
  registry: Registry
}

/** The app; `drained` resolves when every order taken has its outcome. */
export function ingestApp({ pool, ids, slot, sharedLimits, schemaId, config, clock, log, registry }: Needs) {
  const ownLimits = memoryRateLimits(clock)
  const fallback = sharedLimits && fallbackRateLimits(sharedLimits, ownLimits, clock, log)
  const metrics = ingestMetrics(registry, {
    queuedOrders: () => written.waiting(),
    waitingForConnection: () => pool.waitingCount,
    node: ids.node,
    slot: slot.reading,
    shedding: slot.shedding,
    circuit: pool.circuit,
    sharedLimits: fallback?.isShared,
  })
  const written = writeTogether(postgresOrders(pool), config.MAX_QUEUED_ORDERS, metrics)
  const eventType = avroType<OrderPlaced>(schemaOf(ORDER_EVENTS))
  const place = placeOrder({
    orders: {
      place(order) {
        if (written.waiting() >= config.MAX_QUEUED_ORDERS) metrics.refused.inc({ why: 'queue' })
        return written.orders.place(order)
      },
    },
    earlier: postgresEarlierOrder(pool),
    parse: orderParser(placedAtBounds(clock, config.MAX_ORDER_AGE_DAYS)),
    nextId: ids.next,
    encode: (event) => encodeFramed(schemaId, eventType, event),
    clock,
    shedding() {
      const why = slot.shedding()
      if (why !== undefined) metrics.refused.inc({ why: 'slot' })
      return why
    },
  })
  const perMinute = config.RATE_LIMIT_PER_MINUTE
  const defaults = { perMinute, burst: config.RATE_LIMIT_BURST ?? perMinute }
  const limits = orderLimits(fallback ?? ownLimits, defaults, clock, metrics.tokens)
  const wrongKeys = limitWrongKeys(memoryRateLimits(clock), config.WRONG_KEYS_PER_MINUTE)
  const authenticate = authenticateMerchant(postgresMerchants(pool), clock, wrongKeys)
  const placing = gate(config.MAX_PLACING_ORDERS, Math.min(config.MAX_PLACING_ORDERS, SUSTAINED_PLACING), clock)
  const routes = Router()
  routes.use(docs())
  routes.use(problemPages())
  routes.use(
    orderRoutes({
      authenticate,
      limits,
      placeOrder: place,
      reader: postgresOrderReader(pool),
      bounds: {
        requests: config.MAX_CONCURRENT_REQUESTS,
        batches: config.MAX_CONCURRENT_BATCHES,
        deadlineMs: config.REQUEST_DEADLINE_MS,
        onRefused: (why) => metrics.refused.inc({ why }),
      },
      placing,
      log,
    }),
  )
  const frame = httpApp({ log, metrics: registry, routes })
  frame.set('trust proxy', config.TRUST_PROXY_HOPS)
  const shed = answeredAtOnce(registry, { method: 'POST', route: '/v1/orders', status: '503' })
  const app = shedFirst({
    app: frame,
    full: placing.full,
    known: authenticate.known,
    lastKnown: limits.lastKnown,
    onRefused() {
      metrics.refused.inc({ why: 'placing' })
      shed()
    },
  })
  return { app, metrics, drained: written.drained }
}
