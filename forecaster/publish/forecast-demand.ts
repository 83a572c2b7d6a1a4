// Forecasts every series anew when a day closes, or when a closed day has changed, and publishes what is new.
import { type Clock, wait } from '@tally/platform/process/clock'
import type { Log } from '@tally/platform/process/log'
import { inPasses } from '@tally/platform/process/passes'
import type { OrderForecast } from '@tally/schemas/contract/order-forecast'
import type { AnswerForecast } from '#answer/answer-forecast'
import { closedEnd } from '#series/history'
import type { DemandChange } from '#series/keep-demand'
import { DEFAULT_HORIZON, MEASURES, RHYTHMS, type Series, seriesName } from '#series/series'
import { orderForecast } from './order-forecast.ts'

export type StoredForecast = { forecast: OrderForecast; fingerprint: string }

export type Forecasts = {
  /** Of what history the stored forecast of this name was made. */
  fingerprint(name: string): Promise<string | undefined>
  /** Replaces the forecast of the same name; it counts as not published. */
  save(name: string, forecast: StoredForecast): Promise<void>
  /** By name; what was saved and not marked as published since, also by an earlier process. */
  unpublished(): Promise<Map<string, OrderForecast>>
  published(names: readonly string[]): Promise<void>
}

export type ForecastTopic = {
  /** Resolves once all are acknowledged. @throws Unavailable */
  send(forecasts: ReadonlyMap<string, OrderForecast>): Promise<void>
}

/** What a pass over all series found. */
export type Pass = { series: number; made: number; refused: { name: string; needed: number; given: number }[]; seconds: number }

type Options = {
  series(): Promise<Series[]>
  answer: AnswerForecast
  forecasts: Forecasts
  topic: ForecastTopic
  clock: Clock
  log: Log
  /** A pass begins once nothing has changed for so long. */
  settleMs: number
  onPass?(pass: Pass): void
  onPublished?(count: number): void
}

export type ForecastDemand = { kept(change: Pick<DemandChange, 'asOf' | 'buckets'>): void; stop(): Promise<void>; ended: Promise<void> }

const MICROS_PER_DAY = 86_400_000_000n
const MAX_SETTLE_MS = 60_000
/** Forecasting takes at most a tenth of one core, however often closed days change. */
const REST_FACTOR = 9
const MAX_REST_MS = 3_600_000

/** Looks at every series once at the start: a crash may have come between storing and publishing. */
export function forecastDemand({ series, answer, forecasts, topic, clock, log, settleMs, onPass, onPublished }: Options): ForecastDemand {
  let changes = 0
  let seenDay = 0

  async function publish(): Promise<void> {
    const unpublished = await forecasts.unpublished()
    if (unpublished.size === 0) return
    await topic.send(unpublished)
    await forecasts.published([...unpublished.keys()])
    onPublished?.(unpublished.size)
  }

  async function pass(stopping: AbortSignal): Promise<void> {
    const began = clock.now()
    const all = await series()
    const found: Pass = { series: all.length, made: 0, refused: [], seconds: 0 }
    await publish()
    for (const one of all) {
      for (const measure of MEASURES) {
        if (stopping.aborted) return
        const question = { ...one, size: 'day' as const, measure, horizon: DEFAULT_HORIZON }
        const name = seriesName(question)
        const answered = await answer(question, await forecasts.fingerprint(name))
        if (answered.outcome === 'not-enough-history') found.refused.push({ name, needed: answered.needed, given: answered.given })
        if (answered.outcome !== 'made') continue
        await forecasts.save(name, { forecast: orderForecast(answered), fingerprint: answered.fingerprint })
        found.made += 1
      }
      await publish()
    }
    onPass?.({ ...found, seconds: (clock.now() - began) / 1000 })
  }

  /** A burst of changes, such as orders of the past, is forecast once, when it is over. */
  async function settle(stopping: AbortSignal): Promise<void> {
    const began = clock.now()
    let seen: number
    do {
      seen = changes
      await wait(settleMs, stopping)
    } while (seen !== changes && clock.now() - began < MAX_SETTLE_MS && !stopping.aborted)
  }

  const { wake, stop, ended } = inPasses({
    pass,
    before: settle,
    restFactor: REST_FACTOR,
    maxRestMs: MAX_REST_MS,
    whenUnavailable: 'forecasts cannot be made or published right now; what is made is kept and sent',
    clock,
    log,
  })
  return {
    ended,
    stop,
    kept({ asOf, buckets }) {
      if (asOf === null) return
      const day = closedEnd(asOf, RHYTHMS.day.periodMinutes)
      const closedBefore = asOf - (asOf % MICROS_PER_DAY)
      if (day === seenDay && !buckets.some(({ bucketStart }) => bucketStart < closedBefore)) return
      seenDay = day
      changes += 1
      wake()
    },
  }
}
