// The public routes: requests to use cases, results to answers. Whatever is thrown becomes problem+json in the frame.
import { randomBytes } from 'node:crypto'
import { onlyMethods } from '@tally/platform/http-app'
import { formatRfc3339 } from '@tally/platform/rfc3339'
import type { Request } from 'express'
import { Router } from 'express'
import type { OrderReader } from './find-orders.ts'
import { findOrder, listOrders } from './find-orders.ts'
import { parseJson, readBody } from './http-body.ts'
import type { OrderLimits } from './http-rate-limit.ts'
import { parseListQuery } from './list-query.ts'
import type { Merchant } from './merchant.ts'
import type { Order } from './order.ts'
import type { PlaceOrder } from './place-order.ts'
import { traceOf } from './trace.ts'

const MAX_ORDER_BYTES = 65_536

type Needs = {
  authenticate: (authorization: string | undefined) => Promise<Merchant>
  limits: OrderLimits
  placeOrder: PlaceOrder
  reader: OrderReader
}

/** /v1: every route needs a key and costs one token. */
export function orderRoutes({ authenticate, limits, placeOrder, reader }: Needs): Router {
  const router = Router()
  router.use('/v1', async (req, res, next) => {
    res.locals.merchant = await authenticate(req.get('authorization'))
    next()
  })
  router.use('/v1', limits.middleware)
  router
    .route('/v1/orders')
    .post(...readBody('application/json', MAX_ORDER_BYTES), async (req, res) => {
      const { merchantId } = res.locals.merchant as Merchant
      const { repeated, order } = await placeOrder({
        merchantId,
        body: parseJson(req.body),
        idempotencyKey: req.get('idempotency-key'),
        trace: traceOfRequest(req),
      })
      if (repeated) res.set('Idempotent-Replayed', 'true')
      res.status(repeated ? 200 : 201).set('Location', `/v1/orders/${order.orderId}`)
      res.json(orderBody(order))
    })
    .get(async (req, res) => {
      const { limit: size, startingAfter } = parseListQuery(req.query)
      const { orders, hasMore } = await listOrders(reader, (res.locals.merchant as Merchant).merchantId, size, startingAfter)
      res.json({ data: orders.map(orderBody), hasMore })
    })
    .all(onlyMethods('GET', 'HEAD', 'POST'))
  router
    .route('/v1/orders/:orderId')
    .get(async (req, res) => {
      const { merchantId } = res.locals.merchant as Merchant
      res.json(orderBody(await findOrder(reader, merchantId, req.params.orderId)))
    })
    .all(onlyMethods('GET', 'HEAD'))
  return router
}

/** The caller's trace, or a new one. */
export const traceOfRequest = (req: Request) =>
  traceOf(req.get('traceparent'), req.get('tracestate'), (bytes) => randomBytes(bytes).toString('hex'))

/** An order as merchants see it. */
export function orderBody({ orderId, externalOrderId, currency, placedAt, acceptedAt, totalMinor, lines }: Order) {
  return {
    orderId: String(orderId),
    externalOrderId,
    currency,
    placedAt: formatRfc3339(placedAt),
    acceptedAt: formatRfc3339(acceptedAt),
    totalMinor,
    lines: lines.map(({ sku, category, quantity, unitPriceMinor }) => ({ sku, category, quantity, unitPriceMinor })),
  }
}
