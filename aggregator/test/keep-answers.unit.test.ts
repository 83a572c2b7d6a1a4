// How many answers are kept, and which.

import { expect } from 'chai'
import { keepAnswers } from '../answer/keep-answers.ts'

describe('kept answers', () => {
  let asked: string[]
  const keeping = keepAnswers(1_000, { now: () => 0 })
  const question = (name: string, body = name) =>
    keeping(name, async () => {
      asked.push(name)
      return { asOf: 1n, past: false, body }
    })
  beforeEach(() => {
    asked = []
  })

  it('are the last 200: the oldest is asked for again', async () => {
    for (let n = 0; n <= 200; n += 1) await question(`q${n}`)
    await question('q200')
    await question('q1')
    expect(asked).to.have.length(201)
    await question('q0')
    expect(asked).to.have.length(202)
  })

  it('are none of a megabyte and more, though all who ask meanwhile share it', async () => {
    const body = 'x'.repeat(1_000_001)
    await Promise.all([question('large', body), question('large', body)])
    expect(asked).to.deep.equal(['large'])
    await question('large', body)
    expect(asked).to.deep.equal(['large', 'large'])
  })
})
