import { expect } from 'chai'
import { until } from '../../test/support/until.ts'
import { forecastDemand } from '../publish/forecast-demand.ts'
import { clock, NOW, silent } from './support/forecaster.ts'

/** A use case without any series, that counts how often it looked. */
function looking(settleMs: number) {
  const looks = { count: 0 }
  const forecasting = forecastDemand({
    series: async () => {
      looks.count += 1
      return []
    },
    answer: async () => ({ outcome: 'no-as-of' }),
    forecasts: { fingerprint: async () => undefined, save: async () => {}, unpublished: async () => new Map(), published: async () => {} },
    topic: { send: async () => {} },
    clock,
    log: silent,
    settleMs,
  })
  return { looks, forecasting }
}

describe('forecastDemand', () => {
  it('stops at once while it waits for changes to settle', async () => {
    const { forecasting } = looking(60_000)
    await forecasting.stop()
    await forecasting.ended
  })

  it('stops at once while it waits for the next change', async () => {
    const { forecasting, looks } = looking(0)
    await until(() => looks.count === 1, { what: 'it looks at the series once' })
    await forecasting.stop()
    expect(looks.count).to.equal(1)
  })

  it('looks again when a day closes, not when time passes within a day', async () => {
    const { forecasting, looks } = looking(0)
    forecasting.kept({ asOf: NOW, buckets: [] })
    await until(() => looks.count >= 1, { what: 'it looks at the series' })
    const before = looks.count
    forecasting.kept({ asOf: NOW + 60_000_000n, buckets: [] })
    forecasting.kept({ asOf: NOW + 86_400_000_000n, buckets: [] })
    await until(() => looks.count > before, { what: 'it looks again' })
    await forecasting.stop()
  })
})
