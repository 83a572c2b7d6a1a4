// Token buckets in Redis, shared by all instances of the API. While Redis is away, taking from them fails at once.
import { readFileSync } from 'node:fs'
import { Redis } from 'ioredis'
import type { RateLimits } from './rate-limits.ts'

const SCRIPT = readFileSync(new URL('take-tokens.lua', import.meta.url), 'utf8')
/** A Redis that hangs costs a request no more than this. */
const ANSWER_WITHIN_MS = 200
const CONNECT_WITHIN_MS = 1_000
const RECONNECT_AT_MOST_MS = 1_000

type WithScript = { takeTokens(key: string, tokenMs: number, burst: number, cost: number): Promise<[number, number, number, number]> }

/** Connects, and goes on trying for ever; resolves after the first attempt, whatever came of it. */
export async function redisRateLimits(url: string): Promise<RateLimits & { close(): void }> {
  const redis = new Redis(url, {
    lazyConnect: true,
    connectTimeout: CONNECT_WITHIN_MS,
    commandTimeout: ANSWER_WITHIN_MS,
    // Nothing waits for a connection: a token counted late would be counted twice, here and in memory.
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    retryStrategy: (attempt) => Math.min(RECONNECT_AT_MOST_MS, attempt * 100),
    scripts: { takeTokens: { numberOfKeys: 1, lua: SCRIPT } },
  })
  // Every command fails by itself while there is no connection.
  redis.on('error', () => {})
  const { takeTokens } = redis as unknown as WithScript
  await redis.connect().catch(() => {})
  return {
    async take(bucket, { perMinute, burst }, cost) {
      const taken = await takeTokens.call(redis, `tally:rate-limit:${bucket}`, 60_000 / perMinute, burst, cost)
      const [granted, remaining, nextMicros, fullMicros] = taken
      return { granted, remaining, nextMs: nextMicros / 1_000, fullMs: fullMicros / 1_000 }
    },
    close: () => redis.disconnect(),
  }
}
