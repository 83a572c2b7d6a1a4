// How long after an overload things are as before it.
import type { Measured } from './load.ts'

/** Noise is no overload: below this a p99 is as good as before, whatever it was. */
const CALM_MS = 25

/** Seconds until the first quarter of a second from which on nothing is refused and p99 is at most twice what it was. */
export function recoverySeconds(before: Pick<Measured, 'answered'>, after: Pick<Measured, 'seconds' | 'windows'>): number {
  const calm = Math.max(CALM_MS, before.answered.p99 * 2)
  const last = after.windows.findLastIndex(({ refused, p99 }) => refused > 0 || p99 > calm)
  return ((last + 1) * after.seconds) / after.windows.length
}
