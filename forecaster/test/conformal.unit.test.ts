import { expect } from 'chai'
import { bandAround, conformalWidth, errorsNear } from '../backtest/conformal.ts'

describe('conformalWidth', () => {
  it('is the rank of split conformal, with its correction for few samples', () => {
    const widths = Array.from({ length: 19 }, (_, index) => index + 1)
    expect(conformalWidth(widths, 0.8)).to.equal(16)
    expect(conformalWidth(widths, 0.95)).to.equal(19)
  })

  it('is the widest error when there are too few for the share', () => {
    expect(conformalWidth([1, 2, 3], 0.95)).to.equal(3)
  })
})

describe('errorsNear', () => {
  const scores = Array.from({ length: 10 }, (_, fold) => [0, 1, 2, 3].map((ahead) => ({ ahead, error: 10 * ahead + fold }))).flat()

  it('takes neighbouring horizons in only as far as it must', () => {
    expect(errorsNear(scores, 0, 4)).to.have.length(40)
    const many = Array.from({ length: 60 }, () => ({ ahead: 2, error: 1 }))
    expect(errorsNear([...scores, ...many], 2, 4)).to.have.length(70)
  })
})

describe('bandAround', () => {
  const scale = { usual: 1, ceiling: 10_000 }

  it('moves the mean of a middle prediction by the errors it made, and leaves any other as it is', () => {
    const errors = [0, 0, 0, Math.log(4)]
    expect(bandAround(9, errors, scale, true).mean).to.be.closeTo((9 * 3 + 39) / 4, 1e-9)
    expect(bandAround(9, errors, scale, false).mean).to.equal(9)
  })

  it('grows with the prediction: errors are relative beyond the usual size', () => {
    const errors = Array.from({ length: 60 }, (_, index) => (index - 30) / 60)
    const small = bandAround(10, errors, scale, false)
    const large = bandAround(1_000, errors, scale, false)
    expect((large.upper80 - large.lower80) / (small.upper80 - small.lower80)).to.be.within(80, 100)
  })
})
