// A token bucket kept as one number (GCRA): the time at which it will be full again.
import type { Limit } from '#merchants/merchant'

/** `granted` of the tokens asked for; `remaining` whole tokens; milliseconds until one more token, and until it is full. */
export type Taken = { fullAt: number; granted: number; remaining: number; nextMs: number; fullMs: number }

/** Takes up to `cost` tokens at `now` (epoch ms) from a bucket that would be full at `fullAt`. What is not granted costs nothing. */
export function takeTokens(fullAt: number, now: number, { perMinute, burst }: Limit, cost: number): Taken {
  const tokenMs = 60_000 / perMinute
  const missing = Math.max(0, fullAt - now) / tokenMs
  const available = Math.max(0, burst - missing)
  // A token is worth a division: without the grain a bucket that is full by hand would lack its last one.
  const granted = Math.min(cost, Math.floor(available + 1e-6))
  const left = Math.max(0, available - granted)
  const fullMs = (burst - left) * tokenMs
  return { fullAt: now + fullMs, granted, remaining: Math.floor(left + 1e-6), nextMs: Math.max(0, (1 - left) * tokenMs), fullMs }
}
