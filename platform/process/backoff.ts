// Jittered exponential back-off: nobody comes back at the same moment as everybody else.

export type Backoff = { firstMs: number; maxMs: number; factor?: number }

/**
 * Milliseconds to wait before attempt n+1, n counted from 1: half fixed, half random ("equal jitter",
 * AWS Architecture Blog, Exponential Backoff And Jitter), so that a wait is never near zero.
 */
export function backoffMs(attempt: number, { firstMs, maxMs, factor = 2 }: Backoff, random: () => number = Math.random): number {
  const full = Math.min(maxMs, firstMs * factor ** (attempt - 1))
  return full / 2 + (random() * full) / 2
}
