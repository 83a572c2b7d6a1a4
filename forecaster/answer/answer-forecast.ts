// Answers a question with a forecast: made anew when its history has changed, one at a time, never long at a stretch.

import type { Clock } from '@tally/platform/process/clock'
import { Unavailable } from '@tally/platform/process/errors'
import { type Forecast, forecast, type NotEnoughHistory } from '#backtest/forecast'
import type { Model } from '#models/model'
import type { DemandHistory, Reading } from '#series/history'
import { closedHistory, type History } from '#series/history'
import { type Question, RHYTHMS, type Rhythm, seriesName } from '#series/series'

/** Times in epoch microseconds. */
export type Made = Question & {
  asOf: bigint
  generatedAt: bigint
  history: History
  /** Differs whenever the history does. */
  fingerprint: string
  forecast: Forecast
}

export type Answer =
  | ({ outcome: 'made' } & Made)
  | ({ outcome: 'not-enough-history'; asOf: bigint } & NotEnoughHistory)
  | { outcome: 'unknown-series'; asOf: bigint }
  | { outcome: 'no-as-of' }
  /** The history is the one the asker has a forecast of. */
  | { outcome: 'unchanged' }

type Options = {
  history: DemandHistory
  modelsFor(rhythm: Rhythm): readonly Model[]
  clock: Clock
  /** Lets everything else that waits have its turn. */
  breathe(): Promise<void>
  onForecast?(seconds: number): void
}

export type AnswerForecast = (question: Question, haveFingerprint?: string) => Promise<Answer>

const MAX_CACHED = 500
/** Forecasts that may wait for their turn: at about a second each, as long as anybody waits for an answer. */
const MAX_WAITING = 10

export function answerForecast({ history, modelsFor, clock, breathe, onForecast }: Options): AnswerForecast {
  const cache = new Map<string, { fingerprint: string; answer: Promise<Answer> }>()
  let last: Promise<unknown> = Promise.resolve()
  let waiting = 0

  async function make(question: Question, { sums, fingerprint }: Reading, asOf: bigint): Promise<Answer> {
    const rhythm = RHYTHMS[question.size]
    const closed = closedHistory(sums, asOf, rhythm.periodMinutes)
    const began = clock.now()
    const work = forecast(closed.values, { rhythm, horizon: question.horizon, models: modelsFor(rhythm) })
    let step = work.next()
    for (; !step.done; step = work.next()) await breathe()
    if ('needed' in step.value) return { outcome: 'not-enough-history', asOf, ...step.value }
    onForecast?.((clock.now() - began) / 1000)
    const generatedAt = BigInt(clock.now()) * 1000n
    return { outcome: 'made', ...question, asOf, generatedAt, history: closed, fingerprint, forecast: step.value }
  }

  function inTurn(work: () => Promise<Answer>): Promise<Answer> {
    if (waiting >= MAX_WAITING) throw new Unavailable('Too many forecasts are being made right now.')
    waiting += 1
    const done = last.then(work).finally(() => {
      waiting -= 1
    })
    last = done.catch(() => {})
    return done
  }

  return async (question, haveFingerprint) => {
    const reading = await history.read(question)
    const { asOf, fingerprint } = reading
    if (asOf === null) return { outcome: 'no-as-of' }
    if (!reading.known) return { outcome: 'unknown-series', asOf }
    if (fingerprint === haveFingerprint) return { outcome: 'unchanged' }
    const key = JSON.stringify([seriesName(question), question.horizon])
    let kept = cache.get(key)
    if (kept?.fingerprint !== fingerprint) {
      kept = { fingerprint, answer: inTurn(() => make(question, reading, asOf)) }
      kept.answer.catch(() => cache.delete(key))
    }
    // The least recently asked for is the first of the map.
    cache.delete(key)
    cache.set(key, kept)
    for (const oldest of cache.keys()) if (cache.size > MAX_CACHED) cache.delete(oldest)
    const answer = await kept.answer
    // The same history, so the same answer also holds as of now.
    return 'asOf' in answer ? { ...answer, asOf } : answer
  }
}
