// Every metric of the forecaster beside those of the consume loop; Prometheus base units.
import type { Clock } from '@tally/platform/process/clock'
import { Counter, Gauge, Histogram, type Registry } from 'prom-client'
import type { Pass } from '#publish/forecast-demand'
import type { DemandChange } from '#series/keep-demand'

export type ForecastMetrics = {
  kept(change: DemandChange): void
  made(seconds: number): void
  passed(pass: Pass): void
  published(count: number): void
}

/** @param asOf what its age is read from at every scrape */
export function forecastMetrics(registry: Registry, asOf: () => bigint | null, clock: Clock): ForecastMetrics {
  const registers = [registry]
  const buckets = new Counter({ name: 'forecaster_kept_buckets_total', help: 'Buckets read from order-buckets and kept.', registers })
  const forecastSeconds = new Histogram({
    name: 'forecaster_forecast_duration_seconds',
    help: 'Time to make one forecast, backtest included; others have their turn in between.',
    buckets: [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers,
  })
  const passSeconds = new Gauge({
    name: 'forecaster_pass_duration_seconds',
    help: 'Time of the last look at every series.',
    registers,
  })
  const published = new Counter({
    name: 'forecaster_published_forecasts_total',
    help: 'Forecasts acknowledged on order-forecasts.',
    registers,
  })
  const series = new Gauge({ name: 'forecaster_series', help: 'Pairs of category and currency seen so far.', registers })
  const refused = new Gauge({
    name: 'forecaster_refused_series',
    help: 'Series and measures without a forecast, as their history is too short.',
    registers,
  })
  new Gauge({
    name: 'forecaster_as_of_age_seconds',
    help: 'Age of asOf: the newest instant up to which the counts are known to be complete. Absent while none is known.',
    registers,
    collect() {
      const instant = asOf()
      if (instant !== null) this.set(clock.now() / 1000 - Number(instant) / 1e6)
    },
  })
  return {
    kept: (change) => buckets.inc(change.buckets.length),
    made: (seconds) => forecastSeconds.observe(seconds),
    passed(pass) {
      passSeconds.set(pass.seconds)
      series.set(pass.series)
      refused.set(pass.refused.length)
    },
    published: (count) => published.inc(count),
  }
}
