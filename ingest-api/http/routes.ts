// The public routes: requests to use cases, results to answers. Whatever is thrown becomes problem+json in the frame.
import { onlyMethods } from '@tally/platform/http/app'
import type { Log } from '@tally/platform/process/log'
import { Router } from 'express'
import { ipKeyGenerator } from 'express-rate-limit'
import type { Gate } from '#admission/load'
import { answerWithin, atMost } from '#admission/load'
import type { OrderLimits } from '#admission/rate-limit'
import type { Authenticate } from '#merchants/authenticate'
import type { Merchant } from '#merchants/merchant'
import type { OrderReader } from '#orders/find-orders'
import { findOrder, listOrders } from '#orders/find-orders'
import { parseListQuery } from '#orders/list-query'
import { MAX_ORDER_BYTES } from '#orders/order-request'
import type { PlaceOrder } from '#orders/place-order'
import { batchRoute } from './batch.ts'
import { parseJson, readBody } from './body.ts'
import { orderBody } from './order-body.ts'
import { traceOfRequest } from './trace.ts'

type Needs = {
  authenticate: Authenticate
  limits: OrderLimits
  placeOrder: PlaceOrder
  reader: OrderReader
  bounds: Bounds
  /** Single orders go through it. */
  placing: Gate
  log: Log
}

/** How much may be under way, and how long; `onRefused` is told what there was too much of. */
export type Bounds = { requests: number; batches: number; deadlineMs: number; onRefused: (why: 'requests' | 'batches') => void }

/** /v1: every route needs a key and costs one token. */
export function orderRoutes({ authenticate, limits, placeOrder, reader, bounds, placing, log }: Needs): Router {
  const atMostRequests = (what: string) => atMost(bounds.requests, what, () => bounds.onRefused('requests'))
  const inTime = answerWithin(bounds.deadlineMs)
  const reading = [atMostRequests('requests for orders'), inTime]
  const router = Router()
  router.use('/v1', async (req, res, next) => {
    res.locals.merchant = await authenticate(req.get('authorization'), ipKeyGenerator(req.ip ?? ''))
    next()
  })
  router.use('/v1', limits.middleware)
  router
    .route('/v1/orders')
    .post(atMostRequests('orders'), readBody('application/json', MAX_ORDER_BYTES), inTime, async (req, res) => {
      const { merchantId } = res.locals.merchant as Merchant
      const { repeated, order } = await placing.run(() =>
        placeOrder({
          merchantId,
          body: parseJson(req.body),
          idempotencyKey: req.get('idempotency-key'),
          trace: traceOfRequest(req),
        }),
      )
      if (res.headersSent) return
      if (repeated) res.set('Idempotent-Replayed', 'true')
      res.status(repeated ? 200 : 201).set('Location', `/v1/orders/${order.orderId}`)
      res.json(orderBody(order))
    })
    .get(...reading, async (req, res) => {
      const { limit: size, startingAfter } = parseListQuery(req.query)
      const { orders, hasMore } = await listOrders(reader, (res.locals.merchant as Merchant).merchantId, size, startingAfter)
      if (!res.headersSent) res.json({ data: orders.map(orderBody), hasMore })
    })
    .all(onlyMethods('GET', 'HEAD', 'POST'))
  const atMostBatches = atMost(bounds.batches, 'batches', () => bounds.onRefused('batches'))
  router.use(batchRoute({ placeOrder, limits, log, atMostBatches, readWithinMs: bounds.deadlineMs }))
  router
    .route('/v1/orders/:orderId')
    .get(...reading, async (req, res) => {
      const { merchantId } = res.locals.merchant as Merchant
      const order = await findOrder(reader, merchantId, String(req.params.orderId))
      if (!res.headersSent) res.json(orderBody(order))
    })
    .all(onlyMethods('GET', 'HEAD'))
  return router
}
