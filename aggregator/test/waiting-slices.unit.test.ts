// What waits for the next transaction.
import { expect } from 'chai'
import { awaitsCompany } from '../count/waiting-slices.ts'
import { event, slice } from './support/orders.ts'

const behind = (partition: number) => ({ ...slice(0n, [event()], { partition }), highWatermark: 100_000n })
const lags = new Map([0, 1, 2].map((partition) => [partition, partition === 2 ? 5n : 50_000n]))

describe('slices that wait', () => {
  it('wait for those of the other partitions that are behind, and for no others', () => {
    expect(awaitsCompany([behind(0)], lags)).to.equal(true)
    expect(awaitsCompany([behind(0), behind(1)], lags)).to.equal(false)
  })

  it('go at once when their partition is nearly caught up, though others are behind', () => {
    expect(awaitsCompany([slice(0n, [event()], { partition: 2 })], lags)).to.equal(false)
  })

  it('go at once when they are many events already', () => {
    expect(awaitsCompany([{ ...behind(0), messages: Array(10_000).fill(behind(0).messages[0]) }], lags)).to.equal(false)
  })
})
