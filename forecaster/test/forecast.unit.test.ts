import { expect } from 'chai'
import fc from 'fast-check'
import { neededPeriods } from '../backtest/backtest.ts'
import { augursModels } from '../models/augurs-models.ts'
import type { Model } from '../models/model.ts'
import { RHYTHMS, type Size } from '../series/series.ts'
import { forecastOf, madeOf, poisson, randomFrom, weeklyDemand } from './support/series.ts'

const rhythm = RHYTHMS.day
const models = augursModels(rhythm)
const repeatsLastWeek = (name: string): Model => ({
  name,
  middle: false,
  predict: (history, horizon) => Array.from({ length: horizon }, (_, ahead) => history[history.length - 7 + (ahead % 7)] ?? 0),
})

describe('forecast', () => {
  it('of a noisy weekly pattern is better than the seasonal naive', () => {
    const { model, accuracy, points } = madeOf(weeklyDemand(400), { rhythm, horizon: 14, models })
    expect(model).to.equal('augurs-mstl')
    expect(accuracy.mase).to.be.below(0.85)
    // The 400 days end with the first day of a week: 20 on average in its middle, 32 on its first day.
    expect(points[2]?.mean).to.be.within(14, 26)
    expect(points[6]?.mean).to.be.within(25, 40)
  })

  it('is the seasonal naive when another model is only as good', () => {
    const { model, accuracy } = madeOf(weeklyDemand(200), { rhythm, horizon: 7, models: [repeatsLastWeek('copy')] })
    expect(model).to.equal('seasonal-naive')
    expect(accuracy.mase).to.equal(1)
  })

  it('is the seasonal naive, without any doubt, when the week repeats itself exactly', () => {
    const week = [5, 0, 3, 8, 8, 2, 1]
    const history = Array.from({ length: 140 }, (_, day) => week[day % 7] ?? 0)
    const { model, points, accuracy } = madeOf(history, { rhythm, horizon: 7, models })
    expect(model).to.equal('seasonal-naive')
    expect(points.map(({ mean }) => mean)).to.deep.equal(week)
    for (const { mean, lower95, upper95 } of points) {
      expect(lower95).to.be.closeTo(mean, 1e-9)
      expect(upper95).to.be.closeTo(mean, 1e-9)
    }
    expect(accuracy).to.deep.include({ wape: 0, mase: null, coverage80: 1, coverage95: 1 })
  })

  it('is zero for a series that has died, and says that its percentage error is not defined', () => {
    const { model, points, accuracy } = madeOf(new Array(120).fill(0), { rhythm, horizon: 7, models })
    expect(model).to.equal('seasonal-naive')
    expect(points.every(({ mean, upper95 }) => mean === 0 && upper95 === 0)).to.equal(true)
    expect(accuracy.wape).to.equal(null)
  })

  it('expects on average what comes on average, also of sparse amounts', () => {
    const random = randomFrom(7)
    const history = Array.from({ length: 500 }, () => (random() < 0.3 ? 1_000 + Math.floor(random() * 99_000) : 0))
    const { points } = madeOf(history, { rhythm, horizon: 28, models })
    const expected = points.reduce((sum, { mean }) => sum + mean, 0) / points.length
    const average = history.slice(-120).reduce((sum, value) => sum + value, 0) / 120
    expect(expected / average).to.be.within(0.75, 1.35)
  })

  it('covers about as much as its bands say, measured on folds that did not set them', () => {
    const coverage = { at80: 0, at95: 0, points: 0 }
    for (let seed = 1; seed <= 3; seed++) {
      const { accuracy } = madeOf(weeklyDemand(365, { seed, level: 12 }), { rhythm, horizon: 14, models })
      coverage.at80 += accuracy.coverage80 * accuracy.points
      coverage.at95 += accuracy.coverage95 * accuracy.points
      coverage.points += accuracy.points
    }
    expect(coverage.at80 / coverage.points).to.be.within(0.75, 0.87)
    expect(coverage.at95 / coverage.points).to.be.within(0.92, 0.985)
  })

  it('holds what really comes next about as often as its bands say', () => {
    let [inside80, inside95, points] = [0, 0, 0]
    for (let seed = 21; seed <= 26; seed++) {
      const demand = weeklyDemand(210, { seed, level: 15 })
      const made = madeOf(demand.slice(0, 196), { rhythm, horizon: 14, models })
      for (const [ahead, { lower80, upper80, lower95, upper95 }] of made.points.entries()) {
        const actual = demand[196 + ahead] ?? 0
        if (actual >= lower80 && actual <= upper80) inside80 += 1
        if (actual >= lower95 && actual <= upper95) inside95 += 1
        points += 1
      }
    }
    expect(inside80 / points).to.be.within(0.7, 0.9)
    expect(inside95 / points).to.be.within(0.9, 0.995)
  })

  it('does not run away with growth that cannot last', () => {
    const random = randomFrom(5)
    const history = Array.from({ length: 180 }, (_, day) => Math.round(10 * 1.05 ** day * (0.8 + 0.4 * random())))
    const { points } = madeOf(history, { rhythm, horizon: 60, models })
    for (const { mean } of points) expect(mean).to.be.at.most(2 * Math.max(...history))
  })

  it('has bands as wide as it was wrong lately, not half a year ago', () => {
    const random = randomFrom(11)
    const noisy = (days: number, noise: number) => Array.from({ length: days }, () => Math.round(100 + noise * (random() - 0.5)))
    const width = (history: number[]) => {
      const [first] = madeOf(history, { rhythm, horizon: 7, models: [] }).points
      return (first?.upper80 ?? 0) - (first?.lower80 ?? 0)
    }
    const lately = noisy(150, 10)
    expect(width([...noisy(200, 150), ...lately])).to.be.below(1.5 * width([...noisy(200, 10), ...lately]))
  })

  it('is measured with bands that know nothing of what they are held against', () => {
    const random = randomFrom(13)
    const calm = Array.from({ length: 100 }, (_, day) => 100 + (day % 7) * 10 + Math.round(4 * random()))
    const storm = Array.from({ length: 24 }, () => Math.round(400 * random()))
    const { accuracy } = madeOf([...calm, ...storm], { rhythm, horizon: 24, models: [] })
    const calmAccuracy = madeOf([...calm, ...calm.slice(2, 26)], { rhythm, horizon: 24, models: [] }).accuracy
    expect(calmAccuracy.coverage95).to.be.above(0.85)
    expect(accuracy.coverage95).to.be.below(0.7)
  })

  it('of the same history is the same', () => {
    const history = weeklyDemand(150)
    expect(madeOf(history, { rhythm, horizon: 7, models })).to.deep.equal(madeOf([...history], { rhythm, horizon: 7, models }))
  })

  it('goes on without a model that cannot be fitted', () => {
    const broken: Model = { name: 'broken', middle: true, predict: () => undefined }
    expect(madeOf(weeklyDemand(120), { rhythm, horizon: 7, models: [broken] }).model).to.equal('seasonal-naive')
  })

  it('learns the hours of the day from a few days', () => {
    const random = randomFrom(3)
    const history = Array.from({ length: 150 }, (_, hour) => poisson(hour % 24 < 8 ? 1 : 12, random))
    const { points, accuracy } = madeOf(history, { rhythm: RHYTHMS.hour, horizon: 24, models: augursModels(RHYTHMS.hour) })
    expect(accuracy.mase).to.be.at.most(1)
    const start = history.length % 24
    const night = points.filter((_, ahead) => (start + ahead) % 24 < 8).reduce((sum, { mean }) => sum + mean, 0) / 8
    const day = points.filter((_, ahead) => (start + ahead) % 24 >= 8).reduce((sum, { mean }) => sum + mean, 0) / 16
    expect(day).to.be.above(4 * night)
  })

  for (const [size, horizon] of [
    ['day', 24],
    ['day', 1],
    ['hour', 24],
    ['hour', 168],
  ] as [Size, number][]) {
    it(`of ${horizon} ${size}s is refused with one period less than it says it needs, and made with as many`, () => {
      const options = { rhythm: RHYTHMS[size], horizon, models: [] }
      const needed = neededPeriods(RHYTHMS[size], horizon)
      const history = weeklyDemand(needed)
      expect(forecastOf(history.slice(1), options)).to.deep.equal({ needed, given: needed - 1 })
      expect(madeOf(history, options).points).to.have.length(horizon)
    })
  }

  it('has nested bands around its mean and never below zero, whatever the history', () => {
    const demand = fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 50 }), fc.integer({ min: 0, max: 10_000_000 }))
    fc.assert(
      fc.property(fc.array(demand, { minLength: 50, maxLength: 90 }), fc.integer({ min: 1, max: 7 }), (history, horizon) => {
        const { points, accuracy } = madeOf(history, { rhythm, horizon, models })
        for (const { mean, lower80, upper80, lower95, upper95 } of points) {
          const order = [0, lower95, lower80, mean, upper80, upper95]
          expect(order.every(Number.isFinite)).to.equal(true)
          expect(order).to.deep.equal([...order].sort((a, b) => a - b))
        }
        expect(accuracy.coverage95).to.be.at.least(accuracy.coverage80)
      }),
      { numRuns: 30, seed: 42 },
    )
  })
}).timeout(30_000)
