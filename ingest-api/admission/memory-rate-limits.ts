// Token buckets in this process's memory: enough for one instance of the API.
import type { Clock } from '@tally/platform/process/clock'
import type { RateLimits } from './rate-limits.ts'
import { takeTokens } from './token-bucket.ts'

const SWEEP_AT = 10_000

/** A full bucket and an absent one are the same, so those that refilled are forgotten. */
export function memoryRateLimits(clock: Clock): RateLimits {
  const fullAt = new Map<string, number>()
  let sweepAt = SWEEP_AT

  function sweep(now: number): void {
    for (const [bucket, at] of fullAt) if (at <= now) fullAt.delete(bucket)
    sweepAt = Math.max(SWEEP_AT, fullAt.size * 2)
  }

  return {
    async take(bucket, limit, cost) {
      const now = clock.now()
      const taken = takeTokens(fullAt.get(bucket) ?? now, now, limit, cost)
      fullAt.set(bucket, taken.fullAt)
      if (fullAt.size > sweepAt) sweep(now)
      return taken
    },
  }
}
