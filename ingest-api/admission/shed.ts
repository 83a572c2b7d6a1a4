// While as many orders are being placed as may be, one more is refused before the frame sees it: a refusal has to cost a tenth
// of an order, or twice the load would leave half the orders. Who would be told something else (401, 429) goes on as ever.
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { requestIdOf } from '@tally/platform/http/app'
import { problemBody, unavailable } from '@tally/platform/http/problem'
import type { Merchant } from '#merchants/merchant'
import type { OrderLimits } from './rate-limit.ts'

type Needs = {
  app: RequestListener
  /** Whether no more orders are to be placed right now. */
  full: () => boolean
  /** The merchant of a key that was right a moment ago. */
  known: (authorization: string | undefined) => Merchant | undefined
  /** What is left of the merchant's rate limit and how that is told, as far as this instance knows. */
  lastKnown: OrderLimits['lastKnown']
  onRefused: () => void
}

const PATH = '/v1/orders'
const PROBLEM = unavailable('Too many orders are under way right now.', 1)
/** All of it but the id, which comes last and needs no escaping: it is the caller's only if it is sane. */
const BODY = JSON.stringify(problemBody(PROBLEM, PATH, '')).slice(0, -2)
const BODY_END = '"}'
const HEADERS = Object.entries(PROBLEM.headers)
  .concat([
    ['X-Content-Type-Options', 'nosniff'],
    ['Content-Type', 'application/problem+json; charset=utf-8'],
  ])
  .flat()

/** The app behind the refusals. */
export function shedFirst({ app, full, known, lastKnown, onRefused }: Needs): RequestListener {
  /** The RateLimit headers of the refusal; undefined: the app is to answer. */
  function limitToTell({ method, url, headers }: IncomingMessage): string[] | undefined {
    if (!full() || method !== 'POST' || url !== PATH) return undefined
    const merchant = known(headers.authorization)
    const limit = merchant && lastKnown(merchant)
    return limit === undefined || limit.remaining < 1 ? undefined : limit.headers
  }

  let refused: Refused[] = []
  /** At the end of the loop's turn and in one go: writes far apart wake the other side for each, at twice the cost. */
  function answerRefused(): void {
    const all = refused
    refused = []
    for (const one of all) refuse(one)
  }

  return (req, res) => {
    const rateLimit = limitToTell(req)
    if (rateLimit === undefined) return app(req, res)
    onRefused()
    if (refused.length === 0) setImmediate(answerRefused)
    refused.push({ res, rateLimit, requestId: requestIdOf(req.headers['x-request-id']) })
  }
}

type Refused = { res: ServerResponse; rateLimit: string[]; requestId: string }

function refuse({ res, rateLimit, requestId }: Refused): void {
  const length = BODY.length + requestId.length + BODY_END.length
  res.writeHead(PROBLEM.status, [...HEADERS, ...rateLimit, 'X-Request-Id', requestId, 'Content-Length', String(length)])
  res.end(BODY + requestId + BODY_END, 'latin1')
}
