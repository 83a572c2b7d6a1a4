import { expect } from 'chai'
import { gate } from '../src/http-load.ts'

describe('the bound of orders under way', () => {
  const clock = { at: 1_000_000, now: () => clock.at }

  /** Lets in whatever it takes; each end is called by the test. */
  function work(bound: ReturnType<typeof gate>, pieces: number) {
    const ends: (() => void)[] = []
    for (let n = 0; n < pieces && !bound.full(); n += 1) void bound.run(() => new Promise<void>((resolve) => ends.push(resolve)))
    return ends
  }
  const settled = () => new Promise((resolve) => setImmediate(resolve))

  it('lets in a burst of its most', () => {
    expect(work(gate(8, 2, clock), 20)).to.have.length(8)
  })

  it('lets in less once that was reached, until less has been under way for a second', async () => {
    const bound = gate(8, 2, clock)
    for (const end of work(bound, 20)) end()
    await settled()
    const two = work(bound, 20)
    expect(two).to.have.length(2)
    clock.at += 5_000
    expect(bound.full()).to.equal(true)
    for (const end of two) end()
    await settled()
    clock.at += 1_000
    expect(work(bound, 1)).to.have.length(1)
    clock.at += 1
    expect(work(bound, 20)).to.have.length(7)
  })

  it('is not lowered by bursts below its most', async () => {
    const bound = gate(8, 2, clock)
    for (let n = 0; n < 3; n += 1) {
      const ends = work(bound, 7)
      expect(ends).to.have.length(7)
      for (const end of ends) end()
      await settled()
    }
  })
})
