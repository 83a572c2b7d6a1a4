import { expect } from 'chai'
import { closedEnd, closedHistory, periodsOf } from '../series/history.ts'

const DAY = 1440
const asOfDay = (day: number, minutes = 0) => BigInt(day * DAY + minutes) * 60_000_000n

describe('closedHistory', () => {
  it('fills the days without orders with zeros, up to the last closed one', () => {
    const sums = [
      { minute: 100 * DAY, value: 3 },
      { minute: 103 * DAY, value: 2 },
    ]
    expect(closedHistory(sums, asOfDay(106, 30), DAY)).to.deep.equal({
      startMinute: 100 * DAY,
      periodMinutes: DAY,
      values: [3, 0, 0, 2, 0, 0],
    })
  })

  it('leaves out the day that is not over as of the instant', () => {
    const sums = [
      { minute: 100 * DAY, value: 3 },
      { minute: 101 * DAY, value: 9 },
    ]
    expect(closedHistory(sums, asOfDay(102) - 1n, DAY).values).to.deep.equal([3])
    expect(closedHistory(sums, asOfDay(102), DAY).values).to.deep.equal([3, 9])
  })

  it('is empty while nothing has closed', () => {
    expect(closedHistory([], asOfDay(5), DAY).values).to.deep.equal([])
    expect(closedHistory([{ minute: 7 * DAY, value: 1 }], asOfDay(7, 10), DAY).values).to.deep.equal([])
  })

  it('closes an hour when the instant passes its end', () => {
    expect(closedEnd(asOfDay(3, 59), 60)).to.equal(3 * DAY)
    expect(closedEnd(asOfDay(3, 60), 60)).to.equal(3 * DAY + 60)
  })
})

describe('periodsOf', () => {
  const history = { startMinute: 60, periodMinutes: 60, values: [1, 2, 3] }

  it('names the periods behind the history', () => {
    expect(periodsOf(history, 0, 1)).to.deep.equal([{ start: 240n * 60_000_000n, end: 300n * 60_000_000n }])
  })

  it('names the last periods of the history', () => {
    expect(periodsOf(history, -2, 2).map(({ start }) => start / 60_000_000n)).to.deep.equal([120n, 180n])
  })
})
