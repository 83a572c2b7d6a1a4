// History → forecast with intervals, measured on what it had not seen; or a refusal that says what is missing.

import { type Model, seasonalNaive } from '#models/model'
import { demandScale, toLog } from '#series/log-scale'
import type { Rhythm } from '#series/series'
import { absoluteError, type Backtest, backtest, type Fold, knownAt, neededPeriods, squaredError } from './backtest.ts'
import { type Band, bandAround, errorsNear, type Score } from './conformal.ts'

/**
 * Measured on the newest folds, which neither chose the model nor set the bands they are held against.
 * wape: Σ|error| / Σ actual. mase: Σ|error| / Σ|error of the seasonal naive|. Null where the divisor is zero.
 */
export type Accuracy = { wape: number | null; mase: number | null; coverage80: number; coverage95: number; points: number }

export type Forecast = { model: string; points: Band[]; accuracy: Accuracy }

export type NotEnoughHistory = { needed: number; given: number }

/** Older folds choose the model and set the first bands, the newer ones measure. */
const CHOOSING_SHARE = 0.6

/** A model has to be better than the seasonal naive by more than rounding. */
const TIE = 1e-9

type Options = { rhythm: Rhythm; horizon: number; models: readonly Model[] }

/**
 * Forecasts the `horizon` periods behind the history. The same history gives the same forecast. Yields between fits, so
 * that the caller may do other things in between.
 */
export function* forecast(history: readonly number[], options: Options): Generator<undefined, Forecast | NotEnoughHistory> {
  const { rhythm, horizon, models } = options
  const needed = neededPeriods(rhythm, horizon)
  if (history.length < needed) return { needed, given: history.length }

  const naive = seasonalNaive(rhythm.seasons[0])
  const [baseline] = yield* backtest(history, [naive], horizon, rhythm)
  if (baseline === undefined) throw new Error('the seasonal naive always predicts')
  const choosing = Math.ceil(baseline.folds.length * CHOOSING_SHARE)
  // Nobody beats what makes no error.
  const isPerfect = squaredError(history, baseline.folds.slice(0, choosing)) === 0
  const rivals = isPerfect ? [] : yield* backtest(history, models, horizon, rhythm)
  for (const chosen of [...ranked(history, baseline, rivals, choosing), baseline]) {
    const predicted = chosen.model.predict(knownAt(history, history.length, rhythm), horizon)
    yield
    if (predicted === undefined) continue
    const bands = bandsOf(history, chosen, options)
    const points = predicted.map((value, ahead) => bands(value, ahead, history.length))
    return { model: chosen.model.name, points, accuracy: measure(history, chosen, baseline, choosing, bands) }
  }
  throw new Error('the seasonal naive always predicts')
}

/**
 * The rivals that beat the seasonal naive on the choosing folds, best first. By squared error, which a mean makes smallest:
 * by absolute error, repeating zeros looks best for whatever sells on fewer than half of the days.
 */
function ranked(history: readonly number[], baseline: Backtest, rivals: readonly Backtest[], choosing: number): Backtest[] {
  const errorOf = ({ folds }: Backtest) => squaredError(history, folds.slice(0, choosing))
  const toBeat = errorOf(baseline) * (1 - TIE)
  return rivals.filter((rival) => errorOf(rival) < toBeat).sort((a, b) => errorOf(a) - errorOf(b))
}

type Bands = (predicted: number, ahead: number, origin: number) => Band

/** Bands as they could be drawn at an origin: from the latest errors whose actuals were known by then. */
function bandsOf(history: readonly number[], { model, folds }: Backtest, { horizon, rhythm }: Options): Bands {
  const scale = demandScale(history)
  const scores = (origin: number): Score[] =>
    folds
      .filter((fold) => fold.origin >= origin - rhythm.errorWindow)
      .flatMap((fold) =>
        fold.predicted
          .slice(0, Math.max(0, origin - fold.origin))
          .map((value, ahead) => ({ ahead, error: toLog(history[fold.origin + ahead] ?? 0, scale) - toLog(value, scale) })),
      )
  const known = new Map<number, Score[]>()
  return (predicted, ahead, origin) => {
    const then = known.get(origin) ?? scores(origin)
    known.set(origin, then)
    return bandAround(predicted, errorsNear(then, ahead, horizon), scale, model.middle)
  }
}

function measure(history: readonly number[], chosen: Backtest, baseline: Backtest, choosing: number, bands: Bands): Accuracy {
  const measured: readonly Fold[] = chosen.folds.slice(choosing)
  let [error, actuals, points, inside80, inside95] = [0, 0, 0, 0, 0]
  for (const { origin, predicted } of measured) {
    for (const [ahead, value] of predicted.entries()) {
      const actual = history[origin + ahead] ?? 0
      const { mean, lower80, upper80, lower95, upper95 } = bands(value, ahead, origin)
      error += Math.abs(actual - mean)
      actuals += actual
      points += 1
      if (actual >= lower80 && actual <= upper80) inside80 += 1
      if (actual >= lower95 && actual <= upper95) inside95 += 1
    }
  }
  const naiveError = absoluteError(history, baseline.folds.slice(choosing))
  return {
    wape: actuals > 0 ? error / actuals : null,
    mase: naiveError > 0 ? error / naiveError : null,
    coverage80: inside80 / points,
    coverage95: inside95 / points,
    points,
  }
}
