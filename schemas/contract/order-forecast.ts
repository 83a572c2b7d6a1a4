// The TypeScript face of OrderForecast.avsc; a test holds them equal.

export type ForecastPoint = { start: bigint; end: bigint; mean: number; lower80: number; upper80: number; lower95: number; upper95: number }

export type ForecastAccuracy = { wape: number | null; mase: number | null; coverage80: number; coverage95: number; points: number }

/** Times in epoch microseconds. */
export type OrderForecast = {
  category: string
  currency: string
  size: string
  measure: string
  asOf: bigint
  generatedAt: bigint
  model: string
  points: ForecastPoint[]
  accuracy: ForecastAccuracy
}
