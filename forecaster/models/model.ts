// What a forecasting model is, and the two ways models are made here.
import { demandScale, fromLog, toLog } from '#series/log-scale'

export type Model = {
  name: string
  /** True: the value in the middle, to be turned into a mean by the errors it made. False: taken as it is. */
  middle: boolean
  /** The next `horizon` values; undefined when the model cannot be fitted to this history. */
  predict(history: readonly number[], horizon: number): readonly number[] | undefined
}

/** Fits values on a log scale and continues them. Undefined: no fit. */
export type Fit = (values: Float64Array, horizon: number) => ArrayLike<number> | undefined

/** What happened one season ago happens again: the model to beat. */
export function seasonalNaive(season: number): Model {
  return {
    name: 'seasonal-naive',
    middle: false,
    predict: (history, horizon) => Array.from({ length: horizon }, (_, ahead) => history[history.length - season + (ahead % season)] ?? 0),
  }
}

/**
 * A model fitted to log1p of demand in units of its usual size: growth multiplies, peaks do not rule, nothing falls below zero.
 * Without the unit the log of sparse amounts (0, 0, 51 999, 0) knows only "nothing" and "something".
 */
export function onLogScale(name: string, fit: Fit): Model {
  return {
    name,
    middle: true,
    predict(history, horizon) {
      const scale = demandScale(history)
      const ahead = fit(
        Float64Array.from(history, (value) => toLog(value, scale)),
        horizon,
      )
      if (ahead === undefined || ahead.length !== horizon) return undefined
      const values = Array.from(ahead, (value) => Math.min(scale.ceiling, fromLog(value, scale)))
      return values.every(Number.isFinite) ? values : undefined
    },
  }
}
