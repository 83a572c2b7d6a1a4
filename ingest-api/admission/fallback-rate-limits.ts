// Buckets shared by all instances; while their store is away, this instance counts for itself.
import type { Clock } from '@tally/platform/process/clock'
import { messageOf } from '@tally/platform/process/errors'
import type { Log } from '@tally/platform/process/log'
import { circuitBreaker } from '#database/circuit-breaker'
import type { RateLimits } from './rate-limits.ts'

const PROBE_AFTER_MS = 1_000

export type FallbackRateLimits = RateLimits & {
  /** False while this instance counts for itself. */
  isShared(): boolean
}

/** Takes from `shared`, else from `own`: the very request that finds the store away is answered from there. */
export function fallbackRateLimits(shared: RateLimits, own: RateLimits, clock: Clock, log: Log): FallbackRateLimits {
  const breaker = circuitBreaker({
    clock,
    probeAfterMs: PROBE_AFTER_MS,
    isOutage: () => true,
    message: 'Redis was away a moment ago.',
    onChange(open, why) {
      if (open) log.warn({ why: messageOf(why) }, 'Redis is away: rate limits hold for this instance alone')
      else log.info('Redis is back: rate limits are shared again')
    },
  })
  return {
    take: (bucket, limit, cost) => breaker.run(() => shared.take(bucket, limit, cost)).catch(() => own.take(bucket, limit, cost)),
    isShared: () => !breaker.isOpen(),
  }
}
