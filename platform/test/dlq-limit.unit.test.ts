import { expect } from 'chai'
import fc from 'fast-check'
import { dlqLimit } from '../loop/dlq-limit.ts'

const bounds = { dlqWindow: 500, dlqShare: 0.2, dlqInARow: 50 }

describe('the limit of dead letters', () => {
  it('lets a few bad records in a quiet stream pass', () => {
    const limit = dlqLimit(bounds)
    expect(limit.deadLettered(3)).to.equal(undefined)
    limit.handled(1)
    expect(limit.deadLettered(2)).to.equal(undefined)
  })

  it('lets 50 in a row pass and not 51', () => {
    const limit = dlqLimit(bounds)
    limit.handled(10_000)
    expect(limit.deadLettered(50)).to.equal(undefined)
    expect(limit.deadLettered(1)).to.contain('in a row')
  })

  it('begins a new row behind each record that is handled', () => {
    const limit = dlqLimit(bounds)
    expect(limit.deadLettered(50)).to.equal(undefined)
    limit.handled(1)
    expect(limit.deadLettered(50)).to.equal(undefined)
  })

  it('lets 100 of the last 500 pass and not 101', () => {
    const limit = dlqLimit(bounds)
    for (let n = 0; n < 100; n += 1) {
      limit.handled(4)
      expect(limit.deadLettered(1)).to.equal(undefined)
    }
    expect(limit.deadLettered(1)).to.contain('of the last 500')
  })

  it('forgets what has left the window', () => {
    const limit = dlqLimit(bounds)
    for (let n = 0; n < 10; n += 1) {
      expect(limit.deadLettered(10)).to.equal(undefined)
      limit.handled(1)
    }
    limit.handled(500)
    for (let n = 0; n < 10; n += 1) {
      expect(limit.deadLettered(10)).to.equal(undefined)
      limit.handled(1)
    }
  })

  it('answers as a plain count over the last records does', () => {
    const outcomes = fc.array(fc.record({ dead: fc.boolean(), count: fc.integer({ min: 1, max: 7 }) }), { maxLength: 60 })
    fc.assert(
      fc.property(outcomes, (given) => {
        const small = { dlqWindow: 20, dlqShare: 0.3, dlqInARow: 5 }
        const limit = dlqLimit(small)
        const all: boolean[] = []
        return given.every(({ dead, count }) => {
          for (let n = 0; n < count; n += 1) all.push(dead)
          if (!dead) {
            limit.handled(count)
            return true
          }
          const inARow = all.length - 1 - all.lastIndexOf(false)
          const share = all.slice(-20).filter(Boolean).length
          return (limit.deadLettered(count) !== undefined) === (inARow > 5 || share > 6)
        })
      }),
    )
  })
})
