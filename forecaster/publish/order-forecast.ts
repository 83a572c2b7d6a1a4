// A forecast as it is published on order-forecasts.
import type { OrderForecast } from '@tally/schemas/contract/order-forecast'
import type { Forecast } from '#backtest/forecast'
import { type History, periodsOf } from '#series/history'
import type { Question } from '#series/series'

type Made = Question & { asOf: bigint; generatedAt: bigint; history: History; forecast: Forecast }

export function orderForecast({ category, currency, size, measure, asOf, generatedAt, history, forecast }: Made): OrderForecast {
  const { model, points, accuracy } = forecast
  const periods = periodsOf(history, 0, points.length)
  return {
    category,
    currency,
    size,
    measure,
    asOf,
    generatedAt,
    model,
    points: periods.flatMap((period, index) => (points[index] ? [{ ...period, ...points[index] }] : [])),
    accuracy,
  }
}
