import { Unavailable } from '@tally/platform/process/errors'
import { expect } from 'chai'
import { answerForecast } from '../answer/answer-forecast.ts'
import { augursModels } from '../models/augurs-models.ts'
import type { Reading } from '../series/history.ts'
import { MEASURES, type Question, RHYTHMS } from '../series/series.ts'
import { clock, NOW } from './support/forecaster.ts'
import { weeklyDemand } from './support/series.ts'

const question: Question = { category: 'Chairs', currency: 'USD', size: 'day', measure: 'units', horizon: 7 }
const DAY_MINUTES = 1440
const lastMinute = Math.floor(Number(NOW / 60_000_000n) / DAY_MINUTES) * DAY_MINUTES

function reading(fingerprint: string, changes: Partial<Reading> = {}): Reading {
  const days = weeklyDemand(60)
  const sums = days.map((value, day) => ({ minute: lastMinute - (days.length - day) * DAY_MINUTES, value }))
  return { asOf: NOW, known: true, sums, fingerprint, ...changes }
}

/** Counts how often forecasts were made and how often they let others have their turn. */
function answering(read: () => Reading, models = augursModels(RHYTHMS.day)) {
  const counted = { made: 0, breaths: 0 }
  const answer = answerForecast({
    history: { read: async () => read() },
    modelsFor: () => models,
    clock,
    breathe: async () => void counted.breaths++,
    onForecast: () => counted.made++,
  })
  return { answer, counted }
}

describe('answerForecast', () => {
  it('makes a forecast once for one history, and says as of when it still holds', async () => {
    let now = reading('1')
    const { answer, counted } = answering(() => now)
    const first = await answer(question)
    now = reading('1', { asOf: NOW + 60_000_000n })
    const second = await answer(question)
    expect(counted.made).to.equal(1)
    expect(second).to.deep.equal({ ...first, asOf: NOW + 60_000_000n })
    now = reading('2')
    await answer(question)
    expect(counted.made).to.equal(2)
  })

  it('makes it once for many who ask at the same time', async () => {
    const { answer, counted } = answering(() => reading('1'))
    await Promise.all(Array.from({ length: 30 }, () => answer(question)))
    expect(counted.made).to.equal(1)
  })

  it('lets others have their turn after every fit', async () => {
    const { answer, counted } = answering(() => reading('1'))
    await answer(question)
    expect(counted.breaths).to.be.above(20)
  })

  it('makes nothing for who has the forecast of this history', async () => {
    const { answer, counted } = answering(() => reading('1'))
    expect(await answer(question, '1')).to.deep.equal({ outcome: 'unchanged' })
    expect(counted.made).to.equal(0)
  })

  it('says what is missing: asOf, the series, or history', async () => {
    const outcomeOf = async (changes: Partial<Reading>) => (await answering(() => reading('1', changes)).answer(question)).outcome
    expect(await outcomeOf({ asOf: null })).to.equal('no-as-of')
    expect(await outcomeOf({ known: false })).to.equal('unknown-series')
    expect(await outcomeOf({ sums: [] })).to.equal('not-enough-history')
  })

  it('refuses more questions at once than anybody would wait for', async () => {
    const { answer } = answering(() => reading('1'), [])
    const questions = MEASURES.flatMap((measure) => [1, 2, 3, 4, 5].map((horizon) => ({ ...question, measure, horizon })))
    const answers = await Promise.allSettled(questions.map((one) => answer(one)))
    const refused = answers.filter((one) => one.status === 'rejected').map(({ reason }) => reason)
    expect(refused).to.have.length(5)
    expect(refused[0]).to.be.an.instanceOf(Unavailable)
  })
}).timeout(30_000)
