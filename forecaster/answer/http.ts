// The public port: forecasts and how good they have been; every answer carries asOf.
import { onlyMethods } from '@tally/platform/http/app'
import { notFound, Problem, unavailable } from '@tally/platform/http/problem'
import { asked } from '@tally/platform/http/query-string'
import { formatRfc3339 } from '@tally/platform/process/time'
import type { OrderForecast } from '@tally/schemas/contract/order-forecast'
import { Router } from 'express'
import { periodsOf } from '#series/history'
import { type Question, type Size, seriesName } from '#series/series'
import type { Answer, AnswerForecast } from './answer-forecast.ts'
import { forecastQuery, noQuery } from './query-string.ts'

/** Periods of history in an answer: 13 weeks, or one. */
const SHOWN: Record<Size, number> = { day: 91, hour: 168 }

const RETRY_SECONDS = 5

export type Published = { asOf: bigint | null; forecasts: OrderForecast[]; refused: { name: string; needed: number; given: number }[] }

export function routes(answer: AnswerForecast, published: () => Promise<Published>): Router {
  const router = Router()

  router.get('/v1/forecasts', async (req, res) => {
    const question = asked(forecastQuery(req.query.size), req.query)
    res.json(rendered(question, await answer(question)))
  })
  router.all('/v1/forecasts', onlyMethods('GET', 'HEAD'))

  router.get('/v1/forecasts/accuracy', async (req, res) => {
    asked(noQuery, req.query)
    const { asOf, forecasts, refused } = await published()
    if (asOf === null) throw noAsOf()
    const series = forecasts.map(({ category, currency, size, measure, model, accuracy, ...times }) => ({
      ...{ category, currency, size, measure, model },
      ...accuracy,
      asOf: formatRfc3339(times.asOf),
      generatedAt: formatRfc3339(times.generatedAt),
    }))
    res.json({ asOf: formatRfc3339(asOf), series, refused })
  })
  router.all('/v1/forecasts/accuracy', onlyMethods('GET', 'HEAD'))
  return router
}

/** @throws Problem where there is no forecast */
function rendered(question: Question, answer: Answer) {
  const { category, currency, size, measure } = question
  switch (answer.outcome) {
    case 'no-as-of':
      throw noAsOf()
    case 'unknown-series':
      throw notFound(`No order with a line of category ${JSON.stringify(category)} in ${currency} has been counted.`)
    case 'not-enough-history':
      throw notEnoughHistory(question, answer.needed, answer.given, answer.asOf)
    case 'unchanged':
      throw new Error(`${seriesName(question)}: nobody said that there is a forecast already`)
    case 'made': {
      const { asOf, generatedAt, history, forecast } = answer
      const shown = Math.min(SHOWN[size], history.values.length)
      const values = history.values.slice(history.values.length - shown)
      const periods = periodsOf(history, 0, forecast.points.length).map(rfc3339)
      return {
        ...{ category, currency, size, measure },
        asOf: formatRfc3339(asOf),
        generatedAt: formatRfc3339(generatedAt),
        model: forecast.model,
        history: periodsOf(history, -shown, shown).map((period, index) => ({ ...rfc3339(period), value: values[index] })),
        points: forecast.points.map((band, index) => ({ ...periods[index], ...band })),
        accuracy: forecast.accuracy,
      }
    }
  }
}

const rfc3339 = ({ start, end }: { start: bigint; end: bigint }) => ({ start: formatRfc3339(start), end: formatRfc3339(end) })

/** Not 404 and not 409: nothing is wrong with the question, and it will be answered as soon as the counts tell their instant. */
const noAsOf = () => unavailable('Up to which instant the counts are complete is not known yet: try again in a moment.', RETRY_SECONDS)

function notEnoughHistory({ size, horizon }: Question, needed: number, given: number, asOf: bigint): Problem {
  const closed = `${given} closed ${given === 1 ? size : `${size}s`} as of ${formatRfc3339(asOf)}`
  const detail = `A horizon of ${horizon} needs ${needed} closed ${size}s of history, here are ${closed}. A shorter horizon needs less.`
  return new Problem(409, 'not-enough-history', 'Not enough history', detail)
}
