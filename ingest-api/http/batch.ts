// POST /v1/orders/batch: one order a line in, one outcome a line out, in order. A bad line fails alone.
import { once } from 'node:events'
import { onlyMethods, toProblem } from '@tally/platform/http/app'
import { Problem, problemBody } from '@tally/platform/http/problem'
import { wait } from '@tally/platform/process/clock'
import type { Log } from '@tally/platform/process/log'
import type { RequestHandler, Response } from 'express'
import { Router } from 'express'
import type { OrderLimits } from '#admission/rate-limit'
import { tooMany } from '#admission/rate-limit'
import type { Merchant } from '#merchants/merchant'
import { MAX_ORDER_BYTES } from '#orders/order-request'
import type { PlaceOrder } from '#orders/place-order'
import { parseJson, readBody } from './body.ts'
import { splitLines } from './ndjson.ts'
import { orderBody } from './order-body.ts'
import { traceOfRequest } from './trace.ts'

const MAX_BATCH_BYTES = 4 * 1024 * 1024
const MAX_LINES = 1_000
/** Lines under way at once: as many as go out in one flush. Their answers are written before the next ones begin. */
const LINES_AT_ONCE = 256

type Needs = { placeOrder: PlaceOrder; limits: OrderLimits; log: Log; atMostBatches: RequestHandler; readWithinMs: number }

/** Goes behind authentication and rate limit, which took the first line's token. */
export function batchRoute({ placeOrder, limits, log, atMostBatches, readWithinMs }: Needs): Router {
  const router = Router()
  router
    .route('/v1/orders/batch')
    .post(atMostBatches, readBody('application/x-ndjson', MAX_BATCH_BYTES), async (req, res) => {
      const lines = linesOf(req.body)
      const { merchantId } = res.locals.merchant as Merchant
      const more = lines.length > 1 ? await limits.takeMore(res, lines.length - 1) : { granted: 0, nextSeconds: 0 }
      const trace = traceOfRequest(req)

      async function outcomeOf(line: Buffer, n: number) {
        try {
          if (n > more.granted) throw tooMany(more.nextSeconds)
          if (line.length > MAX_ORDER_BYTES) throw new Problem(413, 'too-large', 'Body too large', 'An order is at most 64 KiB.')
          const { repeated, order } = await placeOrder({ merchantId, body: parseJson(line), idempotencyKey: undefined, trace })
          return { line: n + 1, status: repeated ? 200 : 201, order: orderBody(order) }
        } catch (error) {
          const problem = toProblem(error)
          if (problem.status === 500) log.error({ err: error, requestId: res.locals.requestId, line: n + 1 }, 'a line of a batch failed')
          return { line: n + 1, status: problem.status, problem: problemBody(problem, req.originalUrl, res.locals.requestId) }
        }
      }

      res.status(200).type('application/x-ndjson')
      for (let from = 0; from < lines.length && !res.destroyed; from += LINES_AT_ONCE) {
        const outcomes = await Promise.all(lines.slice(from, from + LINES_AT_ONCE).map((line, n) => outcomeOf(line, from + n)))
        await write(res, outcomes.map((outcome) => `${JSON.stringify(outcome)}\n`).join(''), readWithinMs)
      }
      res.end()
    })
    .all(onlyMethods('POST'))
  return router
}

function linesOf(body: unknown): Buffer[] {
  const lines = Buffer.isBuffer(body) ? splitLines(body) : []
  if (lines.length === 0) throw new Problem(400, 'not-json', 'Not JSON', 'There is no line in the body: send one order a line.')
  if (lines.length > MAX_LINES)
    throw new Problem(413, 'too-large', 'Body too large', `A batch has at most ${MAX_LINES} lines; this one has ${lines.length}.`)
  return lines
}

/** Waits for a slow reader, so that answers do not pile up in memory; one that is too slow is cut off: others want to send batches too. */
async function write(res: Response, text: string, withinMs: number): Promise<void> {
  if (res.write(text) || res.destroyed) return
  const taken = new AbortController()
  const { signal } = taken
  const drained = await Promise.race([
    once(res, 'drain', { signal }).then(() => true),
    once(res, 'close', { signal }).then(() => true),
    wait(withinMs, signal).then(() => false),
  ])
  taken.abort()
  if (!drained) res.destroy()
}
