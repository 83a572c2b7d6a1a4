// Demand on a log scale: linear below its usual size, logarithmic above.

/** usual: the median of the periods that are not zero; 1 without any. ceiling: what no forecast goes beyond. */
export type DemandScale = { usual: number; ceiling: number }

/** Demand beyond this many times anything seen is a trend that ran away, not a forecast. */
const MAX_GROWTH = 2

export function demandScale(history: readonly number[]): DemandScale {
  const some = history.filter((value) => value > 0).sort((a, b) => a - b)
  return { usual: some[Math.floor(some.length / 2)] ?? 1, ceiling: MAX_GROWTH * (some.at(-1) ?? 0) }
}

export const toLog = (value: number, { usual }: DemandScale): number => Math.log1p(value / usual)

/** Never below zero: there is no negative demand. */
export const fromLog = (value: number, { usual }: DemandScale): number => Math.max(0, usual * Math.expm1(value))
