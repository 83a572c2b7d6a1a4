// Figures of a measurement: quantiles of latencies, median and spread of rounds.

export type Latency = { p50: number; p99: number; max: number }

/** The value below which the share `q` of them lies; NaN without any. */
export function quantile(sorted: ArrayLike<number>, q: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? Number.NaN
}

/** Quantiles of latencies in any order. */
export function latencyOf(values: readonly number[]): Latency {
  const sorted = Float64Array.from(values).sort()
  return { p50: quantile(sorted, 0.5), p99: quantile(sorted, 0.99), max: quantile(sorted, 1) }
}

/** Median of rounds, with the lowest and the highest of them. */
export function spreadOf(rounds: readonly number[]): { median: number; low: number; high: number } {
  const sorted = Float64Array.from(rounds).sort()
  const middle = sorted.length / 2
  const median =
    sorted.length % 2 === 1 ? sorted[Math.floor(middle)] : ((sorted[middle - 1] ?? Number.NaN) + (sorted[middle] ?? Number.NaN)) / 2
  return { median: median ?? Number.NaN, low: sorted[0] ?? Number.NaN, high: sorted.at(-1) ?? Number.NaN }
}
