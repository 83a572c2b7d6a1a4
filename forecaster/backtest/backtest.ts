// The rolling-origin backtest: what each model would have said at earlier times, beside what came.
import type { Model } from '#models/model'
import type { Rhythm } from '#series/series'

/** What one model said at one origin (values known: indices below it). */
export type Fold = { origin: number; predicted: readonly number[] }

export type Backtest = { model: Model; folds: Fold[] }

const MAX_FOLDS = 32
/** Origins are spread over at least this many periods: fewer errors say nothing about the 95 % band. */
const MIN_SPREAD = 24

/** Seasons a model is fitted to at least. */
const minTrain = ({ seasons }: Rhythm) => 2 * seasons[0]

/** Closed periods it takes to forecast `horizon` ahead: two seasons to learn from, the horizon, and origins to test at. */
export function neededPeriods(rhythm: Rhythm, horizon: number): number {
  return minTrain(rhythm) + horizon + Math.max(MIN_SPREAD, horizon + rhythm.seasons[0])
}

/**
 * Origins, oldest first; behind the last one lies exactly one horizon. Their distance shares no divisor with the season,
 * so that every horizon meets every weekday or hour.
 */
export function originsOf(length: number, horizon: number, rhythm: Rhythm): number[] {
  const last = length - horizon
  const spread = Math.min(last - minTrain(rhythm), rhythm.backtestWindow)
  let step = Math.max(1, Math.ceil(spread / (MAX_FOLDS - 1)))
  while (commonDivisor(step, rhythm.seasons[0]) > 1) step += 1
  const count = Math.floor(spread / step) + 1
  return Array.from({ length: count }, (_, index) => last - (count - 1 - index) * step)
}

const commonDivisor = (a: number, b: number): number => (b === 0 ? a : commonDivisor(b, a % b))

/** What the model is given at an origin: the newest part of what was known then. */
export const knownAt = (history: readonly number[], origin: number, { trainWindow }: Rhythm): readonly number[] =>
  history.slice(Math.max(0, origin - trainWindow), origin)

/** Tests the models side by side; yields after every fit, which takes milliseconds. A model that fails once is out of the race. */
export function* backtest(
  history: readonly number[],
  models: readonly Model[],
  horizon: number,
  rhythm: Rhythm,
): Generator<undefined, Backtest[]> {
  const origins = originsOf(history.length, horizon, rhythm)
  const tested: Backtest[] = []
  for (const model of models) {
    const folds: Fold[] = []
    for (const origin of origins) {
      const predicted = model.predict(knownAt(history, origin, rhythm), horizon)
      yield
      if (predicted === undefined) break
      folds.push({ origin, predicted })
    }
    if (folds.length === origins.length) tested.push({ model, folds })
  }
  return tested
}

/** Sum of absolute errors over the folds. */
export const absoluteError = (history: readonly number[], folds: readonly Fold[]): number => total(history, folds, Math.abs)

/** Sum of squared errors over the folds. */
export const squaredError = (history: readonly number[], folds: readonly Fold[]): number => total(history, folds, (error) => error ** 2)

function total(history: readonly number[], folds: readonly Fold[], cost: (error: number) => number): number {
  let sum = 0
  for (const { origin, predicted } of folds) {
    for (const [ahead, value] of predicted.entries()) sum += cost((history[origin + ahead] ?? 0) - value)
  }
  return sum
}
