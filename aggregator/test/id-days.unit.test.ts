// Event ids by day.
import { firstTsidAt } from '@tally/platform/process/ids'
import { expect } from 'chai'
import { byDay, rangeOf } from '../store/id-days.ts'
import { dayOf, startOfDay } from '../store/schema.ts'
import { NOW } from './support/orders.ts'

const itself = (id: bigint) => id
const day = dayOf(NOW)
const midnight = firstTsidAt(startOfDay(day + 1))

describe('event ids by day', () => {
  it('are split at midnight: the first id of a day is not of the day before', () => {
    const ids = [midnight - 1n, midnight, firstTsidAt(startOfDay(day)), midnight - 2n]
    expect([...byDay(ids, itself)]).to.deep.equal([
      [day, [midnight - 1n, firstTsidAt(startOfDay(day)), midnight - 2n]],
      [day + 1, [midnight]],
    ])
  })

  it('of one day stay together, and none have no day', () => {
    expect([...byDay([midnight, midnight + 5n], itself)]).to.deep.equal([[day + 1, [midnight, midnight + 5n]]])
    expect([...byDay([], itself)]).to.deep.equal([])
  })

  it('range from the smallest to the largest', () => {
    expect(rangeOf([5n, 9n, 3n, 7n], itself)).to.deep.equal([3n, 9n])
    expect(rangeOf([], itself)).to.deep.equal([])
  })
})
