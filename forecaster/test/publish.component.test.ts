// From order-buckets to order-forecasts: a log in memory, a real DuckDB file.
import { Unavailable } from '@tally/platform/process/errors'
import { type MemoryLog, memoryLog } from '@tally/platform/test-support/memory-log'
import { ORDER_BUCKETS, ORDER_FORECASTS } from '@tally/schemas/contract/topics'
import { expect } from 'chai'
import { until } from '../../test/support/until.ts'
import { append, clock, DAY, daily, type Forecaster, made, NOW, openForecaster, publishedOn, scratch, TODAY } from './support/forecaster.ts'
import { weeklyDemand } from './support/series.ts'

const published = (log: MemoryLog, count: number) =>
  until(() => log.records(ORDER_FORECASTS).length >= count, { what: `${count} forecasts are published` })

describe('forecasts on their topic', () => {
  let files: ReturnType<typeof scratch>
  let log: MemoryLog
  let forecaster: Forecaster
  beforeEach(async () => {
    files = scratch()
    log = memoryLog({ clock })
    for (const topic of [ORDER_BUCKETS, ORDER_FORECASTS]) log.createTopic(topic, 1)
    forecaster = await openForecaster(files.path, log)
  })
  afterEach(async () => {
    await forecaster.close()
    files.remove()
  })

  it('are published per measure, with model, asOf and accuracy, once their history is long enough', async () => {
    await append(log, [...daily(weeklyDemand(80)), ...daily([4, 5], { category: 'Lamps' })], NOW)
    await published(log, 3)
    await made(forecaster, 3)
    const forecasts = publishedOn(log)
    expect([...forecasts.keys()].sort()).to.deep.equal(['Chairs|USD|day|orders', 'Chairs|USD|day|revenue', 'Chairs|USD|day|units'])
    const units = forecasts.get('Chairs|USD|day|units')
    expect(units).to.deep.include({ category: 'Chairs', currency: 'USD', size: 'day', measure: 'units', asOf: NOW })
    expect(units?.points).to.have.length(24)
    expect(units?.points[0]).to.deep.include({ start: TODAY, end: TODAY + DAY })
    expect(units?.accuracy.points).to.be.above(0)
    expect(forecaster.passes.at(-1)?.refused.map(({ name }) => name)).to.include('Lamps|USD|day|units')
  })

  it('are not made again while nothing of their history changes, and are when a closed day does', async () => {
    await append(log, daily(weeklyDemand(70)), NOW)
    await published(log, 3)
    await append(log, [], NOW + 60_000_000n)
    await append(
      log,
      daily(weeklyDemand(71).slice(1))
        .slice(-1)
        .map((one) => ({ ...one, units: 500n, revision: 2n })),
      NOW + 120_000_000n,
    )
    await published(log, 6)
    expect(publishedOn(log).get('Chairs|USD|day|units')?.asOf).to.equal(NOW + 120_000_000n)
    expect(log.records(ORDER_FORECASTS)).to.have.length(6)
  })

  it('are left alone when only another category has changed', async () => {
    await append(log, [...daily(weeklyDemand(70)), ...daily(weeklyDemand(70), { category: 'Lamps' })], NOW)
    await published(log, 6)
    await append(log, daily([9], { category: 'Lamps', revision: 2n }), NOW)
    await published(log, 9)
    await made(forecaster, 9)
    const keys = log.records(ORDER_FORECASTS).map(({ key }) => String(key).split('|')[0])
    expect(keys.filter((category) => category === 'Chairs')).to.have.length(3)
  })

  it('are made anew when asOf passes the end of a day', async () => {
    await append(log, daily(weeklyDemand(70)), NOW)
    await published(log, 3)
    await append(log, [], TODAY + DAY)
    await published(log, 6)
    expect(publishedOn(log).get('Chairs|USD|day|units')?.points[0]?.start).to.equal(TODAY + DAY)
  })

  it('are sent by the next process when the one that stored them could not', async () => {
    log.faults.append = (topic) => (topic === ORDER_FORECASTS ? new Unavailable('the broker is away') : undefined)
    await append(log, daily(weeklyDemand(70)), NOW)
    await until(async () => (await forecaster.forecasts.unpublished()).size === 3, { what: 'forecasts are stored' })
    await forecaster.close()
    expect(log.records(ORDER_FORECASTS)).to.have.length(0)
    log.faults.append = undefined
    forecaster = await openForecaster(files.path, log)
    await published(log, 3)
    await until(() => forecaster.passes.length > 0, { what: 'the pass ends' })
    expect((await forecaster.forecasts.unpublished()).size).to.equal(0)
    expect(forecaster.passes.reduce((sum, { made }) => sum + made, 0)).to.equal(0)
  })
})
