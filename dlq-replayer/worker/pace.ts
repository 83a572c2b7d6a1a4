// How many letters may go out now so that a run keeps to its rate.

export type Pace = {
  /** How many of `wanted` may go now (at least 1), and how long to wait before. */
  next(wanted: number, nowMs: number): { count: number; waitMs: number }
}

const SLICES_PER_SECOND = 5

/** Of one slice when there is no rate: between slices a run can be paused. */
const UNPACED_SLICE = 500

/** Rate 0: no pause at all. Else slices of a fifth of a second; time not used is not saved up, so a stall is not followed by a burst. */
export function paceOf(ratePerSecond: number): Pace {
  if (ratePerSecond === 0) return { next: (wanted) => ({ count: Math.min(wanted, UNPACED_SLICE), waitMs: 0 }) }
  const slice = Math.max(1, Math.floor(ratePerSecond / SLICES_PER_SECOND))
  let freeAt = 0
  return {
    next(wanted, nowMs) {
      const count = Math.min(wanted, slice)
      const start = Math.max(nowMs, freeAt)
      freeAt = start + (count / ratePerSecond) * 1000
      return { count, waitMs: start - nowMs }
    },
  }
}
