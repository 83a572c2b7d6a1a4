// Wires the public app: from a pool, ids and the event's schema id to routes. It is not listening yet.
import { avroType, encodeFramed } from '@tally/platform/avro'
import type { Clock } from '@tally/platform/clock'
import { httpApp } from '@tally/platform/http-app'
import type { Log } from '@tally/platform/log'
import { schemaOf } from '@tally/schemas/files'
import type { OrderPlaced } from '@tally/schemas/order-placed'
import { ORDER_EVENTS } from '@tally/schemas/topics'
import { Router } from 'express'
import type pg from 'pg'
import type { Registry } from 'prom-client'
import { authenticateMerchant } from './authenticate-merchant.ts'
import type { IngestConfig } from './config.ts'
import { fallbackRateLimits } from './fallback-rate-limits.ts'
import { orderRoutes } from './http.ts'
import { docs } from './http-docs.ts'
import { problemPages } from './http-problems.ts'
import { orderLimits } from './http-rate-limit.ts'
import type { Ids } from './leased-ids.ts'
import { memoryRateLimits } from './memory-rate-limits.ts'
import { ingestMetrics } from './metrics.ts'
import { orderParser, placedAtBounds } from './order-request.ts'
import { placeOrder } from './place-order.ts'
import { postgresMerchants } from './postgres-merchants.ts'
import { postgresOrderReader } from './postgres-order-reader.ts'
import { postgresEarlierOrder, postgresOrders } from './postgres-orders.ts'
import type { RateLimits } from './rate-limits.ts'
import type { SlotWatch } from './watch-slot.ts'
import { writeTogether } from './write-orders.ts'
import { limitWrongKeys } from './wrong-keys.ts'

type Needs = {
  pool: pg.Pool
  ids: Ids
  slot: Pick<SlotWatch, 'shedding' | 'reading'>
  /** Buckets that all instances share; without them each instance has its own. */
  sharedLimits: RateLimits | undefined
  /** Id under which the schema of OrderPlaced is registered. */
  schemaId: number
  config: Pick<
    IngestConfig,
    'MAX_ORDER_AGE_DAYS' | 'MAX_QUEUED_ORDERS' | 'RATE_LIMIT_PER_MINUTE' | 'RATE_LIMIT_BURST' | 'WRONG_KEYS_PER_MINUTE'
  >
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
    sharedLimits: fallback?.isShared,
  })
  const written = writeTogether(postgresOrders(pool), config.MAX_QUEUED_ORDERS, metrics)
  const eventType = avroType<OrderPlaced>(schemaOf(ORDER_EVENTS))
  const place = placeOrder({
    orders: written.orders,
    earlier: postgresEarlierOrder(pool),
    parse: orderParser(placedAtBounds(clock, config.MAX_ORDER_AGE_DAYS)),
    nextId: ids.next,
    encode: (event) => encodeFramed(schemaId, eventType, event),
    clock,
    shedding: slot.shedding,
  })
  const perMinute = config.RATE_LIMIT_PER_MINUTE
  const defaults = { perMinute, burst: config.RATE_LIMIT_BURST ?? perMinute }
  const limits = orderLimits(fallback ?? ownLimits, defaults, clock, metrics.tokens)
  const wrongKeys = limitWrongKeys(memoryRateLimits(clock), config.WRONG_KEYS_PER_MINUTE)
  const routes = Router()
  routes.use(docs())
  routes.use(problemPages())
  routes.use(
    orderRoutes({
      authenticate: authenticateMerchant(postgresMerchants(pool), clock, wrongKeys),
      limits,
      placeOrder: place,
      reader: postgresOrderReader(pool),
      log,
    }),
  )
  return { app: httpApp({ log, metrics: registry, routes }), metrics, drained: written.drained }
}
