// Demand on a log scale: linear below its usual size, logarithmic above.

/** The usual size of demand where there is any: the median of the periods that are not zero; 1 without any. */
export function demandScale(history: readonly number[]): number {
  const some = history.filter((value) => value > 0).sort((a, b) => a - b)
  return some[Math.floor(some.length / 2)] ?? 1
}

export const toLog = (value: number, scale: number): number => Math.log1p(value / scale)

/** Never below zero: there is no negative demand. */
export const fromLog = (value: number, scale: number): number => Math.max(0, scale * Math.expm1(value))
