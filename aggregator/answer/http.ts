// The public port: questions to the counts over HTTP; every answer carries asOf.
import { createHash } from 'node:crypto'
import { onlyMethods } from '@tally/platform/http/app'
import { invalidFields, notFound } from '@tally/platform/http/problem'
import { asked } from '@tally/platform/http/query-string'
import type { Clock } from '@tally/platform/process/clock'
import { formatRfc3339 } from '@tally/platform/process/time'
import { ORDER_EVENTS } from '@tally/schemas/contract/topics'
import express, { type Request, type Response, Router } from 'express'
import { freshness } from '#as-of/as-of'
import { minuteOf } from '#count/bucket'
import { readEventId } from '#count/order-event'
import { type Answers, described, ranked, startMicros, traced } from './ask-counts.ts'
import { type Kept, keepAnswers } from './keep-answers.ts'
import { bucketsQuery, lookupBody, noQuery, recordsBody, topQuery } from './query-string.ts'
import { csv, json } from './render.ts'

/** Rows of one answer; more are refused with the advice to ask for less. */
const MAX_BUCKETS = 50_000

/** A thousand ids or ranges and the space between them. */
const LOOKUP_LIMIT = '64kb'

const BUCKET_COLUMNS = ['start', 'end', 'category', 'currency', 'orders', 'units', 'revenueMinor', 'complete']

/** What is sent: the body under its ETag. */
type Rendered = Kept & { type: string; file?: string; tag: string }

/** @param cacheTtlMs how long an answer about the counts may be kept, here and by whoever asked */
export function routes(answers: Answers, clock: Clock, cacheTtlMs: number): Router {
  const router = Router()
  const kept = keepAnswers<Rendered>(cacheTtlMs, clock)
  const cacheControl = cacheTtlMs < 1_000 ? 'no-cache' : `max-age=${Math.floor(cacheTtlMs / 1_000)}`

  async function answer(req: Request, res: Response, ask: () => Promise<Omit<Rendered, 'tag'>>): Promise<void> {
    const tagged = async () => {
      const rendered = await ask()
      return { ...rendered, tag: tagOf(rendered.body) }
    }
    const asksAnew = /\bno-cache\b/.test(req.get('Cache-Control') ?? '')
    const { body, type, file, tag } = await kept(req.originalUrl, tagged, asksAnew)
    if (file) res.attachment(file)
    res.set({ ETag: tag, 'Cache-Control': cacheControl }).type(type).send(body)
  }

  router.get('/v1/categories/top', async (req, res) => {
    const { currency, window, limit, by, asOf: at } = asked(topQuery, req.query)
    await answer(req, res, async () => {
      const to = (at === undefined ? Math.floor(clock.now() / 60_000) : minuteOf(at)) + 1
      const { asOf, answer } = await answers.top({ currency, range: { from: to - window, to }, by, limit, at })
      const { categories, total, range } = answer
      const body = json({
        asOf: time(asOf),
        freshness: freshness(asOf, clock.now()),
        currency,
        window: { start: formatRfc3339(startMicros(range.from)), end: formatRfc3339(startMicros(range.to)) },
        categories: ranked(categories, total, by),
      })
      return { asOf, past: at !== undefined, body, type: 'json' }
    })
  })
  router.all('/v1/categories/top', onlyMethods('GET', 'HEAD'))

  router.get('/v1/buckets', async (req, res) => {
    const { format, asOf: at, ...query } = asked(bucketsQuery, req.query)
    await answer(req, res, async () => {
      const fileOf = (asOf: bigint | null) => `buckets-${query.size}-as-of-${stamp(asOf)}.${format}`
      const past = at !== undefined
      if (format === 'parquet') {
        const { asOf, answer: body } = await answers.parquet({ ...query, at, limit: MAX_BUCKETS })
        if (body === undefined) throw tooManyBuckets()
        return { asOf, past, body, type: 'application/vnd.apache.parquet', file: fileOf(asOf) }
      }
      const { asOf, answer } = await answers.buckets({ ...query, at, limit: MAX_BUCKETS + 1 })
      if (answer.length > MAX_BUCKETS) throw tooManyBuckets()
      const buckets = answer.map((bucket) => {
        const { start, end, ...rest } = described(bucket, query.size, asOf)
        return { start: formatRfc3339(start), end: formatRfc3339(end), ...rest }
      })
      if (format === 'csv') return { asOf, past, body: csv(BUCKET_COLUMNS, buckets), type: 'text/csv', file: fileOf(asOf) }
      return { asOf, past, body: json({ asOf: time(asOf), buckets }), type: 'json' }
    })
  })
  router.all('/v1/buckets', onlyMethods('GET', 'HEAD'))

  router.post('/v1/events/lookup', express.json({ limit: LOOKUP_LIMIT }), async (req, res) => {
    const { eventIds } = asked(lookupBody, req.body ?? {})
    const { asOf, answer } = await answers.events(eventIds)
    res
      .set('Cache-Control', 'no-store')
      .type('json')
      .send(json({ asOf: time(asOf), events: answer.map(traced) }))
  })
  router.all('/v1/events/lookup', onlyMethods('POST'))

  router.post('/v1/records/lookup', express.json({ limit: LOOKUP_LIMIT }), async (req, res) => {
    const { ranges } = asked(recordsBody, req.body ?? {})
    const { asOf, answer: counted } = await answers.records(ranges)
    res
      .set('Cache-Control', 'no-store')
      .type('json')
      .send(json({ asOf: time(asOf), topic: ORDER_EVENTS, counted }))
  })
  router.all('/v1/records/lookup', onlyMethods('POST'))

  router.get('/v1/events/:eventId', async (req, res) => {
    asked(noQuery, req.query)
    const eventId = readEventId(req.params.eventId)
    if (eventId === undefined) throw notFound('An event id is a positive 64-bit number in decimal.')
    const { asOf, answer } = await answers.events([eventId])
    const body = json({ ...answer.map(traced)[0], asOf: time(asOf) })
    res
      .set({ ETag: tagOf(body), 'Cache-Control': 'no-cache' })
      .type('json')
      .send(body)
  })
  router.all('/v1/events/:eventId', onlyMethods('GET', 'HEAD'))
  return router
}

/** Express answers 304 to whoever has the same. */
const tagOf = (body: string | Buffer) => `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`

const time = (asOf: bigint | null) => (asOf === null ? null : formatRfc3339(asOf))

/** asOf as part of a file name. */
const stamp = (asOf: bigint | null) => time(asOf)?.replace(/[-:]|\.\d+/g, '') ?? 'unknown'

const tooManyBuckets = () => {
  const detail = `gives more than ${MAX_BUCKETS} buckets: ask for a shorter time, a larger size, or one category or currency`
  return invalidFields([{ pointer: '/to', detail }])
}
