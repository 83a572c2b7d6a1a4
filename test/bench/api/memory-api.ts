// The API as it is, but for the database: same app, validation, keys, limits and encoding; orders are answered at once.

import { gate } from '@tally/ingest-api/admission/load'
import { memoryRateLimits } from '@tally/ingest-api/admission/memory-rate-limits'
import { orderLimits } from '@tally/ingest-api/admission/rate-limit'
import { limitWrongKeys } from '@tally/ingest-api/admission/wrong-keys'
import { docs } from '@tally/ingest-api/http/docs'
import { problemPages } from '@tally/ingest-api/http/problems'
import { orderRoutes } from '@tally/ingest-api/http/routes'
import { authenticateMerchant, hashOf } from '@tally/ingest-api/merchants/authenticate'
import { orderParser, placedAtBounds } from '@tally/ingest-api/orders/order-request'
import { placeOrder } from '@tally/ingest-api/orders/place-order'
import { avroType, encodeFramed } from '@tally/platform/avro/framing'
import { httpApp } from '@tally/platform/http/app'
import { listen } from '@tally/platform/http/server'
import { systemClock } from '@tally/platform/process/clock'
import { tsidMint } from '@tally/platform/process/ids'
import { createLog } from '@tally/platform/process/log'
import { createMetrics } from '@tally/platform/process/metrics'
import { schemaOf } from '@tally/schemas/contract/files'
import type { OrderPlaced } from '@tally/schemas/contract/order-placed'
import { ORDER_EVENTS } from '@tally/schemas/contract/topics'
import { Router } from 'express'
import { Counter } from 'prom-client'

const [port = '', apiKey = ''] = process.argv.slice(2)
const clock = systemClock
const log = createLog('memory-api', 'warn')
const registry = createMetrics('memory-api')
const tokens = new Counter({ name: 'tokens', help: 'As in the API.', labelNames: ['decision'] as const, registers: [registry] })
const merchant = { merchantId: 1n, name: 'bench', perMinute: 1_000_000_000, burst: undefined }
const eventType = avroType<OrderPlaced>(schemaOf(ORDER_EVENTS))
const routes = Router()
routes.use(docs())
routes.use(problemPages())
routes.use(
  orderRoutes({
    authenticate: authenticateMerchant(
      async (hash) => (hash.equals(hashOf(apiKey)) ? merchant : undefined),
      clock,
      limitWrongKeys(memoryRateLimits(clock), 60),
    ),
    limits: orderLimits(memoryRateLimits(clock), { perMinute: 1_000, burst: 1_000 }, clock, tokens),
    placeOrder: placeOrder({
      orders: { place: async ({ order }) => ({ outcome: 'created', order }) },
      earlier: async () => undefined,
      parse: orderParser(placedAtBounds(clock, 7)),
      nextId: tsidMint(0, clock),
      encode: (event) => encodeFramed(1, eventType, event),
      clock,
      shedding: () => undefined,
    }),
    placing: gate(1_000, 1_000, clock),
    bounds: { requests: 1_000, batches: 8, deadlineMs: 10_000, onRefused() {} },
    reader: { byId: async () => undefined, list: async () => [] },
    log,
  }),
)
await listen(httpApp({ log, metrics: registry, routes }), { host: '127.0.0.1', port: Number(port) })
// However the benchmark ends, this ends with it.
process.stdin.on('end', () => process.exit()).resume()
process.stdout.write('ready\n')
