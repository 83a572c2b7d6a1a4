import { expect } from 'chai'
import fc from 'fast-check'
import { backoffMs } from '../process/backoff.ts'

describe('back-off', () => {
  const policy = { firstMs: 1_000, maxMs: 30_000 }

  it('doubles with every attempt up to the maximum', () => {
    expect([1, 2, 3, 4, 5, 6, 60].map((attempt) => backoffMs(attempt, policy, () => 1))).to.deep.equal([
      1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000,
    ])
  })

  it('is at least half of the full wait, at random', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 100 }), fc.double({ min: 0, max: 1, noNaN: true }), (attempt, random) => {
        const full = backoffMs(attempt, policy, () => 1)
        const ms = backoffMs(attempt, policy, () => random)
        return ms >= full / 2 && ms <= full
      }),
    )
  })
})
