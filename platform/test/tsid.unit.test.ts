import { expect } from 'chai'
import fc from 'fast-check'
import { firstTsidAt, MAX_NODE, TSID_EPOCH_MS, tsidMint, tsidTime } from '../process/ids.ts'

/** Steps of a clock: mostly forward, sometimes back. */
const steps = fc.array(fc.integer({ min: -5_000, max: 5_000 }), { minLength: 1, maxLength: 300 })
const start = TSID_EPOCH_MS + 1_000_000_000

function mintedThrough(node: number, clockSteps: number[]): bigint[] {
  let now = start
  const mint = tsidMint(node, { now: () => now })
  return clockSteps.flatMap((step) => {
    now += step
    return [mint(), mint()]
  })
}

describe('time-sorted ids', () => {
  it('grow strictly, however the clock steps', () => {
    fc.assert(
      fc.property(steps, (clockSteps) => {
        const ids = mintedThrough(7, clockSteps)
        return ids.every((id, index) => index === 0 || id > (ids[index - 1] as bigint))
      }),
    )
  })

  it('never collide between two nodes', () => {
    const nodes = fc.uniqueArray(fc.integer({ min: 0, max: MAX_NODE }), { minLength: 2, maxLength: 2 })
    fc.assert(
      fc.property(nodes, steps, steps, ([a, b], stepsA, stepsB) => {
        const ofA = new Set(mintedThrough(a as number, stepsA))
        return mintedThrough(b as number, stepsB).every((id) => !ofA.has(id))
      }),
    )
  })

  it('borrow from the next millisecond when one is used up', () => {
    const mint = tsidMint(1, { now: () => start })
    const ids = Array.from({ length: 10_000 }, mint)
    expect(new Set(ids).size).to.equal(10_000)
    expect(ids.map(tsidTime)).to.deep.equal(Array.from({ length: 10_000 }, (_, n) => start + Math.floor(n / 4096)))
  })

  it('start after what an earlier holder of the node may have used', () => {
    const mint = tsidMint(1, { now: () => start }, start + 50)
    expect(tsidTime(mint())).to.equal(start + 51)
  })

  it('tell their time, and those of an interval are a range', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: TSID_EPOCH_MS, max: TSID_EPOCH_MS + 2 ** 41 - 1 }),
        fc.integer({ min: 0, max: MAX_NODE }),
        (at, node) => {
          const id = tsidMint(node, { now: () => at })()
          return tsidTime(id) === at && id >= firstTsidAt(at) && id < firstTsidAt(at + 1) && id < 2n ** 63n
        },
      ),
    )
  })

  for (const node of [-1, MAX_NODE + 1, 1.5]) {
    it(`refuse node ${node}`, () => {
      expect(() => tsidMint(node, { now: () => start })).to.throw(RangeError)
    })
  }
})
