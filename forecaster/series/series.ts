// What is forecast, and how its time is cut: half-open hours or days, UTC.

export type Size = 'hour' | 'day'
export type Measure = 'units' | 'orders' | 'revenue'

export const MEASURES: readonly Measure[] = ['units', 'orders', 'revenue']

/** Demand of one category; amounts are in the currency's minor unit. */
export type Series = { category: string; currency: string }

export type Question = Series & { size: Size; measure: Measure; horizon: number }

/** Lengths counted in periods, unless their name says otherwise. */
export type Rhythm = {
  periodMinutes: number
  /** Periods after which demand tends to repeat, the shortest first; the seasonal naive repeats that one. */
  seasons: readonly [number, ...number[]]
  /** Newest history a model is fitted to: older demand says little about tomorrow's, and costs. */
  trainWindow: number
  /** How far back the backtest goes. */
  backtestWindow: number
  /** How far back the errors reach that bands are made of: how wrong a model is changes with the time of year. */
  errorWindow: number
  maxHorizon: number
}

export const RHYTHMS: Record<Size, Rhythm> = {
  hour: { periodMinutes: 60, seasons: [24, 168], trainWindow: 504, backtestWindow: 672, errorWindow: 336, maxHorizon: 168 },
  day: { periodMinutes: 1440, seasons: [7], trainWindow: 364, backtestWindow: 364, errorWindow: 120, maxHorizon: 60 },
}

/** Also what is published: an ordinary question then finds its answer made. */
export const DEFAULT_HORIZON = 24

/** Periods that all forecasting together can look at. */
export const historyLimit = ({ trainWindow, backtestWindow, maxHorizon }: Rhythm): number => trainWindow + backtestWindow + maxHorizon

export const seriesName = ({ category, currency, size, measure }: Omit<Question, 'horizon'>): string =>
  [category, currency, size, measure].join('|')
