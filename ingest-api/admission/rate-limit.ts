// express-rate-limit over token buckets: RateLimit headers (draft 8) on every answer, 429 with Retry-After on refusal.
import { hash } from 'node:crypto'
import { Problem } from '@tally/platform/http/problem'
import type { Clock } from '@tally/platform/process/clock'
import type { RequestHandler, Response } from 'express'
import type { Store } from 'express-rate-limit'
import { rateLimit } from 'express-rate-limit'
import type { Limit, Merchant } from '#merchants/merchant'
import { limitOf } from '#merchants/merchant'
import type { IngestMetrics } from '#metrics'
import type { RateLimits } from './rate-limits.ts'
import type { Taken as TakenAt } from './token-bucket.ts'
import { takeTokens } from './token-bucket.ts'

type Taken = Omit<TakenAt, 'fullAt'>

const POLICY = 'orders'

/** The store's key carries the limit: limits differ from merchant to merchant, and the store knows nothing else. */
const keyFor = (merchantId: bigint, { perMinute, burst }: Limit) => `${merchantId}/${perMinute}/${burst}`

function fromKey(key: string): { bucket: string; limit: Limit } {
  const [bucket = '', perMinute, burst] = key.split('/')
  return { bucket, limit: { perMinute: Number(perMinute), burst: Number(burst) } }
}

type Described = { bucket: string; limit: Limit; policy: string }

const bucketHeader = (remaining: number, fullMs: number) => `"${POLICY}"; r=${remaining}; t=${Math.ceil(fullMs / 1000)}`

/** As express-rate-limit writes it. */
function policyHeader(merchantId: bigint, limit: Limit): string {
  const partition = hash('sha256', keyFor(merchantId, limit), 'hex').slice(0, 12)
  return `"${POLICY}"; q=${limit.perMinute}; w=60; pk=:${Buffer.from(partition).toString('base64')}:`
}

/** A store that counts what is used of a minute's rate, so that the headers' remaining is the bucket's. */
function bucketStore(limits: RateLimits, clock: Clock, onTaken: (bucket: string, taken: Taken, cost: number) => void): Store {
  return {
    async increment(key) {
      const { bucket, limit } = fromKey(key)
      const taken = await limits.take(bucket, limit, 1)
      const { granted, remaining, nextMs, fullMs } = taken
      onTaken(bucket, taken, 1)
      const resetTime = new Date(clock.now() + (granted ? fullMs : nextMs))
      return { totalHits: granted ? limit.perMinute - remaining : limit.perMinute + 1, resetTime }
    },
    decrement() {},
    resetKey() {},
  }
}

export type OrderLimits = {
  /** Takes one token, sets the headers, or refuses. Needs `res.locals.merchant`. */
  middleware: RequestHandler
  /** Takes up to `cost` more tokens within the same request; how many were granted. */
  takeMore(res: Response, cost: number): Promise<{ granted: number; nextSeconds: number }>
  /** The merchant's bucket by what was last taken from it here: asks nobody, takes nothing. */
  lastKnown(merchant: Merchant): { remaining: number; headers: string[] }
}

/** Limits of each merchant's own, else `defaults`. */
export function orderLimits(limits: RateLimits, defaults: Limit, clock: Clock, tokens: IngestMetrics['tokens']): OrderLimits {
  const limitFor = (res: Response) => limitOf(res.locals.merchant as Merchant, defaults)
  const bucketOf = (res: Response) => (res.locals.merchant as Merchant).merchantId
  /** Of merchants that placed something: no more than there are. */
  const fullAt = new Map<string, number>()
  const described = new WeakMap<Merchant, Described>()
  function onTaken(bucket: string, { granted, fullMs }: Taken, cost: number): void {
    tokens.inc({ decision: 'granted' }, granted)
    tokens.inc({ decision: 'refused' }, cost - granted)
    fullAt.set(bucket, clock.now() + fullMs)
  }
  function describe(merchant: Merchant): Described {
    const limit = limitOf(merchant, defaults)
    const known = { bucket: String(merchant.merchantId), limit, policy: policyHeader(merchant.merchantId, limit) }
    described.set(merchant, known)
    return known
  }
  return {
    middleware: rateLimit({
      store: bucketStore(limits, clock, onTaken),
      windowMs: 60_000,
      standardHeaders: 'draft-8',
      legacyHeaders: false,
      identifier: POLICY,
      limit: (_req, res) => limitFor(res).perMinute,
      keyGenerator: (_req, res) => keyFor(bucketOf(res), limitFor(res)),
      // A bucket larger than a minute's rate has more than that left: the count then is not positive.
      validate: { positiveHits: false },
      handler(_req, res, next) {
        next(tooMany(Number(res.getHeader('Retry-After') ?? 1)))
      },
    }),
    async takeMore(res, cost) {
      const taken = await limits.take(String(bucketOf(res)), limitFor(res), cost)
      const { granted, remaining, nextMs, fullMs } = taken
      onTaken(String(bucketOf(res)), taken, cost)
      res.set('RateLimit', bucketHeader(remaining, fullMs))
      return { granted, nextSeconds: Math.ceil(nextMs / 1000) }
    },
    lastKnown(merchant) {
      const { bucket, limit, policy } = described.get(merchant) ?? describe(merchant)
      const now = clock.now()
      const { remaining, fullMs } = takeTokens(fullAt.get(bucket) ?? now, now, limit, 0)
      return { remaining, headers: ['RateLimit', bucketHeader(remaining, fullMs), 'RateLimit-Policy', policy] }
    },
  }
}

/** 429 for a request, or for one line of a batch. */
export const tooMany = (retryAfterSeconds: number) =>
  new Problem(
    429,
    'rate-limited',
    'Too many orders',
    `The limit of orders is reached; the next one is possible in ${retryAfterSeconds} s.`,
    {
      headers: { 'Retry-After': String(retryAfterSeconds) },
    },
  )
