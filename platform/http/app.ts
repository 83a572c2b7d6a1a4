// The Express frame every public port shares: request ids, request metrics, problem+json for whatever goes wrong.
import { randomUUID } from 'node:crypto'
import type { Express, NextFunction, Request, Response, Router } from 'express'
import express from 'express'
import type { Registry } from 'prom-client'
import { Histogram } from 'prom-client'
import { Unavailable } from '#process/errors'
import type { Log } from '#process/log'
import { notFound, Problem, problemBody, unavailable } from './problem.ts'

const REQUEST_SECONDS = 'http_server_request_duration_seconds'
const SANE_REQUEST_ID = /^[\w.:-]{1,128}$/

type Frame = { log: Log; metrics: Registry; routes: Router }

/** The caller's id of the request if it is sane, else a new one. */
export const requestIdOf = (given: string | string[] | undefined): string =>
  typeof given === 'string' && SANE_REQUEST_ID.test(given) ? given : randomUUID()

/** Returns what counts one more request answered in no time, without the frame; the metrics are those of an app that is there. */
export function answeredAtOnce(metrics: Registry, labels: { method: string; route: string; status: string }): () => void {
  const seconds = metrics.getSingleMetric(REQUEST_SECONDS) as Histogram
  return () => seconds.observe(labels, 0)
}

/** An Express app around `routes`; it is not listening yet. `res.locals.requestId` names the request. */
export function httpApp({ log, metrics, routes }: Frame): Express {
  const seconds = new Histogram({
    name: REQUEST_SECONDS,
    help: 'Time from the request head to the end of the answer.',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers: [metrics],
  })
  const app = express()
  app.disable('x-powered-by')
  app.disable('etag')
  app.use((req, res, next) => {
    const requestId = requestIdOf(req.headers['x-request-id'])
    res.locals.requestId = requestId
    res.set({ 'X-Request-Id': requestId, 'X-Content-Type-Options': 'nosniff' })
    const stop = seconds.startTimer()
    res.on('close', () => {
      const route = req.route ? `${req.baseUrl}${req.route.path}` : 'none'
      stop({ method: req.method, route, status: String(res.statusCode) })
    })
    refuseUnfit(req)
    next()
  })
  app.use(routes)
  app.use((req) => {
    throw notFound(`There is no ${req.path} here.`)
  })
  app.use((error: unknown, req: Request, res: Response, _next: NextFunction) => {
    const problem = toProblem(error)
    if (problem.status === 500) log.error({ err: error, requestId: res.locals.requestId, path: req.path }, 'request failed')
    // Express would end the connection, on which another request may be under way: only half an answer is worth that.
    if (res.headersSent) return void (res.writableEnded || res.destroy())
    sendProblem(req, res, problem)
  })
  return app
}

/** What HTTP itself forbids or lets a server refuse, and Node would refuse with an empty answer. @throws Problem 400, 417 */
function refuseUnfit({ httpVersion, headers }: Request): void {
  if (httpVersion === '1.1' && headers.host === undefined)
    throw new Problem(400, 'bad-request', 'Bad request', 'The header Host is missing.')
  if (headers.expect !== undefined && !/\b100-continue\b/i.test(headers.expect))
    throw new Problem(417, 'expectation-failed', 'Expectation not met', 'Of the header Expect only 100-continue can be met.')
}

/** Answers with the problem. */
export function sendProblem(req: Request, res: Response, problem: Problem): void {
  const body = problemBody(problem, req.originalUrl, String(res.locals.requestId))
  res.status(problem.status).set(problem.headers).type('application/problem+json').send(JSON.stringify(body))
}

/** Any error as a problem: what is not known is a 500 without details. */
export function toProblem(error: unknown): Problem {
  if (error instanceof Problem) return error
  if (error instanceof Unavailable) return unavailable(error.message, 1)
  const { status, type } = (error ?? {}) as { status?: number; type?: string }
  if (type === 'entity.too.large') return new Problem(413, 'too-large', 'Body too large', 'The body is larger than allowed.')
  if (type === 'entity.parse.failed') return new Problem(400, 'not-json', 'Not JSON', 'The body is not valid JSON.')
  if (status === 415)
    return new Problem(415, 'unsupported-media-type', 'Unsupported media type', 'The content type, encoding or charset is not supported.')
  if (status && status >= 400 && status < 500) return new Problem(status, 'bad-request', 'Bad request', 'The request could not be read.')
  return new Problem(500, 'internal', 'Internal error', 'Something went wrong on our side. It has been logged under this requestId.')
}

/** Answers 405 with Allow for any other method on a path: use after the path's own routes. */
export function onlyMethods(...methods: string[]) {
  return (req: Request) => {
    throw new Problem(405, 'method-not-allowed', 'Method not allowed', `${req.method} is not possible here.`, {
      headers: { Allow: methods.join(', ') },
    })
  }
}
