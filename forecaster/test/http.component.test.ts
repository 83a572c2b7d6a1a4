// What callers see on the public port, over a real file.
import { httpApp } from '@tally/platform/http/app'
import { type Listening, listen } from '@tally/platform/http/server'
import { memoryLog } from '@tally/platform/test-support/memory-log'
import { ORDER_BUCKETS, ORDER_FORECASTS } from '@tally/schemas/contract/topics'
import { expect } from 'chai'
import { Registry } from 'prom-client'
import { until } from '../../test/support/until.ts'
import { routes } from '../answer/http.ts'
import { append, clock, daily, type Forecaster, made, NOW, openForecaster, scratch, silent } from './support/forecaster.ts'
import { weeklyDemand } from './support/series.ts'

type Body = Record<string, unknown> & {
  points: Record<string, number | string>[]
  history: { start: string; end: string; value: number }[]
  errors: { pointer: string; detail: string }[]
  series: Record<string, unknown>[]
}

describe('the forecaster over HTTP', () => {
  const files = scratch()
  const log = memoryLog({ clock })
  let forecaster: Forecaster
  let http: Listening

  async function ask(path: string, init?: RequestInit): Promise<{ status: number; headers: Headers; body: Body }> {
    const response = await fetch(`http://127.0.0.1:${http.port}${path}`, init)
    return { status: response.status, headers: response.headers, body: (await response.json()) as Body }
  }
  const asking = (words: Record<string, string>) => ask(`/v1/forecasts?${new URLSearchParams(words)}`)
  const chairs = { category: 'Chairs', currency: 'USD', size: 'day' }

  before(async () => {
    for (const topic of [ORDER_BUCKETS, ORDER_FORECASTS]) log.createTopic(topic, 1)
    forecaster = await openForecaster(files.path, log)
    const published = async () => ({
      asOf: forecaster.keeping.state().asOf,
      forecasts: await forecaster.forecasts.all(),
      refused: forecaster.passes.at(-1)?.refused ?? [],
    })
    const app = httpApp({ log: silent, metrics: new Registry(), routes: routes(forecaster.answer, published) })
    http = await listen(app, { host: '127.0.0.1', port: 0 })
  })
  after(async () => {
    await http.close()
    await forecaster.close()
    files.remove()
  })

  it('asks to try again while it is not known up to when the counts are complete', async () => {
    for (const path of ['/v1/forecasts?category=Chairs&currency=USD&size=day', '/v1/forecasts/accuracy']) {
      const { status, headers, body } = await ask(path)
      expect([status, headers.get('retry-after'), body.type]).to.deep.equal([503, '5', '/problems/unavailable'])
    }
  })

  it('forecasts units for the next 24 days from closed days', async () => {
    await append(log, [...daily(weeklyDemand(100)), ...daily([1, 2, 3], { category: 'Lamps' })], NOW)
    await until(() => forecaster.keeping.state().asOf === NOW, { what: 'the buckets are kept' })
    const { status, headers, body } = await asking(chairs)
    expect(status).to.equal(200)
    expect(headers.get('content-type')).to.match(/^application\/json/)
    expect(body).to.include({ asOf: '2026-11-24T12:00:00Z', measure: 'units', size: 'day' })
    expect(body.model).to.be.oneOf(['seasonal-naive', 'augurs-ets', 'augurs-mstl'])
    expect(body.history).to.have.length(91)
    expect(body.history.at(-1)).to.include({ start: '2026-11-23T00:00:00Z', end: '2026-11-24T00:00:00Z', value: weeklyDemand(100).at(-1) })
    expect(body.points).to.have.length(24)
    expect(body.points[0]).to.include({ start: '2026-11-24T00:00:00Z', end: '2026-11-25T00:00:00Z' })
    expect(body.points[0]).to.have.all.keys('start', 'end', 'mean', 'lower80', 'upper80', 'lower95', 'upper95')
    expect(body.accuracy).to.have.all.keys('wape', 'mase', 'coverage80', 'coverage95', 'points')
  })

  it('forecasts another measure, as far ahead as asked', async () => {
    const { body } = await asking({ ...chairs, measure: 'revenue', horizon: '3' })
    expect(body.points).to.have.length(3)
    expect(body.history.at(-1)?.value).to.equal((weeklyDemand(100).at(-1) ?? 0) * 1_999)
  })

  it('has 404 for a category nobody has ordered in that currency', async () => {
    expect((await asking({ ...chairs, category: 'Boats' })).status).to.equal(404)
    expect((await asking({ ...chairs, currency: 'EUR' })).status).to.equal(404)
  })

  it('has 409 and says how much is needed where the history is too short', async () => {
    const { status, headers, body } = await asking({ ...chairs, category: 'Lamps' })
    expect([status, body.type]).to.deep.equal([409, '/problems/not-enough-history'])
    expect(headers.get('content-type')).to.match(/^application\/problem\+json/)
    expect(body.detail).to.include('needs 69 closed days').and.to.include('here are 3')
  })

  it('names every fault of a query at once', async () => {
    const { status, body } = await ask('/v1/forecasts?currency=usd&size=day&measure=boxes&horizon=61&color=red')
    expect(status).to.equal(422)
    const faults = body.errors.map(({ pointer, detail }) => `${pointer} ${detail}`)
    expect(faults.sort()).to.deep.equal([
      '/category is required',
      '/color is not a parameter here',
      '/currency is not an ISO 4217 code such as USD',
      '/horizon is not within 1 to 60',
      '/measure is not units, orders or revenue',
    ])
    expect((await asking({ ...chairs, category: 'Lamps', size: 'hour', horizon: '168' })).status).to.equal(409)
    expect((await asking({ ...chairs, size: 'year' })).body.errors).to.deep.equal([{ pointer: '/size', detail: 'is not hour or day' }])
  })

  it('tells how good the published forecasts have been, and which series have none', async () => {
    await made(forecaster, 3)
    const { body } = await ask('/v1/forecasts/accuracy')
    expect(body.asOf).to.equal('2026-11-24T12:00:00Z')
    expect(body.series.map(({ measure }) => measure)).to.deep.equal(['orders', 'revenue', 'units'])
    expect(body.series[0]).to.include.keys('category', 'currency', 'size', 'model', 'wape', 'mase', 'coverage80', 'coverage95', 'asOf')
    expect(body.refused).to.deep.include({ name: 'Lamps|USD|day|units', needed: 69, given: 3 })
  })

  it('has 405 with Allow for other methods', async () => {
    const { status, headers } = await ask('/v1/forecasts', { method: 'POST' })
    expect([status, headers.get('allow')]).to.deep.equal([405, 'GET, HEAD'])
  })
})
