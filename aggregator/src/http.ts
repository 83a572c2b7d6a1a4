// The public port: questions to the counts over HTTP; every answer carries asOf.
import { createHash } from 'node:crypto'
import type { Clock } from '@tally/platform/clock'
import { onlyMethods } from '@tally/platform/http-app'
import { invalidFields, notFound } from '@tally/platform/problem'
import { asked } from '@tally/platform/query-string'
import { formatRfc3339 } from '@tally/platform/rfc3339'
import { type Response, Router } from 'express'
import { freshness } from './as-of.ts'
import { type Answers, described, ranked, startMicros, traced } from './ask-counts.ts'
import { readEventId } from './order-event.ts'
import { bucketsQuery, noQuery, topQuery } from './query-string.ts'
import { csv, json } from './render.ts'

/** Rows of one answer; more are refused with the advice to ask for less. */
const MAX_BUCKETS = 50_000

const BUCKET_COLUMNS = ['start', 'end', 'category', 'currency', 'orders', 'units', 'revenueMinor', 'complete']

export function routes(answers: Answers, clock: Clock): Router {
  const router = Router()

  router.get('/v1/categories/top', async (req, res) => {
    const { currency, window, limit, by } = asked(topQuery, req.query)
    const to = Math.floor(clock.now() / 60_000) + 1
    const range = { from: to - window, to }
    const { asOf, answer } = await answers.top({ currency, range, by, limit })
    sendJson(res, {
      asOf: time(asOf),
      freshness: freshness(asOf, clock.now()),
      currency,
      window: { start: formatRfc3339(startMicros(range.from)), end: formatRfc3339(startMicros(range.to)) },
      categories: ranked(answer.categories, answer.total, by),
    })
  })
  router.all('/v1/categories/top', onlyMethods('GET', 'HEAD'))

  router.get('/v1/buckets', async (req, res) => {
    const { format, ...query } = asked(bucketsQuery, req.query)
    const attach = (asOf: bigint | null) => res.attachment(`buckets-${query.size}-as-of-${stamp(asOf)}.${format}`)
    if (format === 'parquet') {
      const { asOf, answer } = await answers.parquet({ ...query, limit: MAX_BUCKETS })
      if (answer === undefined) throw tooManyBuckets()
      return void attach(asOf).type('application/vnd.apache.parquet').send(answer)
    }
    const { asOf, answer } = await answers.buckets({ ...query, limit: MAX_BUCKETS + 1 })
    if (answer.length > MAX_BUCKETS) throw tooManyBuckets()
    const buckets = answer.map((bucket) => {
      const { start, end, ...rest } = described(bucket, query.size, asOf)
      return { start: formatRfc3339(start), end: formatRfc3339(end), ...rest }
    })
    if (format === 'csv') return void attach(asOf).type('text/csv').send(csv(BUCKET_COLUMNS, buckets))
    sendJson(res, { asOf: time(asOf), buckets })
  })
  router.all('/v1/buckets', onlyMethods('GET', 'HEAD'))

  router.get('/v1/events/:eventId', async (req, res) => {
    asked(noQuery, req.query)
    const eventId = readEventId(req.params.eventId)
    if (eventId === undefined) throw notFound('An event id is a positive 64-bit number in decimal.')
    const { asOf, answer } = await answers.event(eventId)
    sendJson(res, { ...traced(eventId, answer), asOf: time(asOf) })
  })
  router.all('/v1/events/:eventId', onlyMethods('GET', 'HEAD'))
  return router
}

/** Answers change with every flush: they may be kept, but have to be asked about; express answers 304 to the same ETag. */
function sendJson(res: Response, body: unknown): void {
  const text = json(body)
  const tag = createHash('sha256').update(text).digest('base64url').slice(0, 22)
  res
    .set({ ETag: `"${tag}"`, 'Cache-Control': 'no-cache' })
    .type('json')
    .send(text)
}

const time = (asOf: bigint | null) => (asOf === null ? null : formatRfc3339(asOf))

/** asOf as part of a file name. */
const stamp = (asOf: bigint | null) => time(asOf)?.replace(/[-:]|\.\d+/g, '') ?? 'unknown'

const tooManyBuckets = () => {
  const detail = `gives more than ${MAX_BUCKETS} buckets: ask for a shorter time, a larger size, or one category or currency`
  return invalidFields([{ pointer: '/to', detail }])
}
