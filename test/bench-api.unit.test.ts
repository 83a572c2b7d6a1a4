import { expect } from 'chai'
import { recoverySeconds } from './bench/api/recovery.ts'
import { latencyOf, quantile, spreadOf } from './bench/api/statistics.ts'

describe('figures of a measurement', () => {
  it('are quantiles of latencies in any order', () => {
    const values = Array.from({ length: 100 }, (_, n) => 100 - n)
    expect(latencyOf(values)).to.deep.equal({ p50: 51, p99: 100, max: 100 })
    expect(quantile([], 0.5)).to.be.NaN
  })

  it('are the median of rounds with the lowest and the highest', () => {
    expect(spreadOf([10, 9, 100])).to.deep.equal({ median: 10, low: 9, high: 100 })
    expect(spreadOf([4, 1])).to.deep.equal({ median: 2.5, low: 1, high: 4 })
  })

  it('count recovery up to the end of the last window that is not as before', () => {
    const before = { answered: { p50: 5, p99: 40, max: 50 } }
    const window = (refused: number, p99: number) => ({ refused, p99 })
    const rest = (windows: { refused: number; p99: number }[]) => ({ seconds: 1, windows })
    expect(recoverySeconds(before, rest([window(0, 40), window(0, 40), window(0, 40), window(0, 40)]))).to.equal(0)
    expect(recoverySeconds(before, rest([window(3, 40), window(0, 40), window(0, 90), window(0, 40)]))).to.equal(0.75)
  })
})
