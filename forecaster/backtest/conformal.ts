// Split conformal prediction: how wrong the model was says how wide its bands have to be.
import { type DemandScale, fromLog, toLog } from '#series/log-scale'

/** One error of the backtest, on the log scale: actual − predicted, `ahead` periods after the origin (0 = the next one). */
export type Score = { ahead: number; error: number }

export type Band = { mean: number; lower80: number; upper80: number; lower95: number; upper95: number }

/** Scores a band rests on at least, if there are as many; with neighbouring horizons taken in until there are. */
const MIN_SCORES = 60

/** Errors made about this far ahead: of this horizon, and of as many neighbours as it takes. */
export function errorsNear(scores: readonly Score[], ahead: number, horizon: number): number[] {
  let errors: number[] = []
  for (let reach = 0; reach < horizon && errors.length < MIN_SCORES; reach++) {
    errors = scores.filter((score) => Math.abs(score.ahead - ahead) <= reach).map(({ error }) => error)
  }
  return errors
}

/**
 * The smallest width that would have held `share` of the errors, with the finite-sample correction of split conformal
 * (Lei et al. 2018, Distribution-Free Predictive Inference): rank ⌈(n + 1) · share⌉; the widest when there are too few.
 */
export function conformalWidth(sortedWidths: readonly number[], share: number): number {
  const rank = Math.min(sortedWidths.length, Math.ceil((sortedWidths.length + 1) * share))
  return sortedWidths[rank - 1] ?? 0
}

/**
 * Bands around a prediction; nested, never below zero, the mean inside.
 * @param middle whether the mean is to be found from the errors ("smearing", Duan 1983), as the log scale's middle lies below it
 */
export function bandAround(predicted: number, errors: readonly number[], scale: DemandScale, middle: boolean): Band {
  const centre = toLog(predicted, scale)
  const smeared = () => Math.min(scale.ceiling, average(errors.map((error) => fromLog(centre + error, scale))))
  const mean = middle && errors.length > 0 ? smeared() : predicted
  const widths = errors.map(Math.abs).sort((a, b) => a - b)
  const [narrow, wide] = [conformalWidth(widths, 0.8), conformalWidth(widths, 0.95)]
  const lower = (width: number) => Math.min(mean, fromLog(centre - width, scale))
  const upper = (width: number) => Math.max(mean, fromLog(centre + width, scale))
  return { mean, lower80: lower(narrow), upper80: upper(narrow), lower95: lower(wide), upper95: upper(wide) }
}

const average = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length
