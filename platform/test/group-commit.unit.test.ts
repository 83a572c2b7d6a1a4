import { expect } from 'chai'
import { Unavailable } from '../process/errors.ts'
import { groupCommit } from '../process/group-commit.ts'

type Flush = { items: number[]; done(results?: (number | Error)[]): void; fail(error: Error): void }

/** A flush that waits until the test lets it end. */
function heldFlushes() {
  const flushes: Flush[] = []
  const flush = (items: number[]) =>
    new Promise<(number | Error)[]>((resolve, reject) => {
      flushes.push({ items, done: (results = items.map((item) => item * 10)) => resolve(results), fail: reject })
    })
  return { flushes, flush }
}

const turn = () => new Promise((resolve) => setImmediate(resolve))

describe('group commit', () => {
  it('writes what arrives in the same turn together, and what waits meanwhile in the next flush', async () => {
    const { flushes, flush } = heldFlushes()
    const group = groupCommit({ flush, maxItems: 100, maxWaiting: 100, maxInFlight: 1 })
    const first = [group.submit(1), group.submit(2)]
    await turn()
    const second = [group.submit(3), group.submit(4), group.submit(5)]
    await turn()
    expect(flushes.map(({ items }) => items)).to.deep.equal([[1, 2]])
    flushes[0]?.done()
    expect(await Promise.all(first)).to.deep.equal([10, 20])
    await turn()
    expect(flushes[1]?.items).to.deep.equal([3, 4, 5])
    flushes[1]?.done()
    expect(await Promise.all(second)).to.deep.equal([30, 40, 50])
  })

  it('begins the next flush before the callers of the last one go on', async () => {
    const { flushes, flush } = heldFlushes()
    const group = groupCommit({ flush, maxItems: 100, maxWaiting: 100, maxInFlight: 1 })
    const flushesSeen = group.submit(1).then(() => flushes.length)
    await turn()
    const next = group.submit(2)
    flushes[0]?.done()
    expect(await flushesSeen).to.equal(2)
    flushes[1]?.done()
    await next
  })

  it('has no more flushes under way than allowed, and none larger than allowed', async () => {
    const { flushes, flush } = heldFlushes()
    const group = groupCommit({ flush, maxItems: 2, maxWaiting: 100, maxInFlight: 2 })
    const all = [1, 2, 3, 4, 5].map(group.submit)
    await turn()
    expect(flushes.map(({ items }) => items)).to.deep.equal([
      [1, 2],
      [3, 4],
    ])
    expect(group.waiting()).to.equal(1)
    for (const { done } of flushes) done()
    await turn()
    await turn()
    flushes[2]?.done()
    expect(await Promise.all(all)).to.deep.equal([10, 20, 30, 40, 50])
  })

  it('begins a flush beside another one only when enough wait for it', async () => {
    const { flushes, flush } = heldFlushes()
    const group = groupCommit({ flush, maxItems: 100, maxWaiting: 100, maxInFlight: 2, minBeside: 3 })
    const all = [group.submit(1)]
    await turn()
    all.push(group.submit(2), group.submit(3))
    await turn()
    expect(flushes.map(({ items }) => items)).to.deep.equal([[1]])
    all.push(group.submit(4))
    await turn()
    expect(flushes.map(({ items }) => items)).to.deep.equal([[1], [2, 3, 4]])
    all.push(group.submit(5))
    for (const { done } of flushes) done()
    await turn()
    await turn()
    flushes[2]?.done()
    expect(await Promise.all(all)).to.deep.equal([10, 20, 30, 40, 50])
  })

  it('keeps what waits for company as long as it is told to, and lets it go once enough waits', async () => {
    const { flushes, flush } = heldFlushes()
    const delayMs = (waiting: readonly number[]) => (waiting.length < 3 ? 3_600_000 : 0)
    const group = groupCommit({ flush, maxItems: 100, maxWaiting: 100, delayMs })
    const all = [group.submit(1), group.submit(2)]
    await turn()
    expect(flushes).to.have.length(0)
    all.push(group.submit(3))
    await turn()
    expect(flushes.map(({ items }) => items)).to.deep.equal([[1, 2, 3]])
    flushes[0]?.done()
    await Promise.all(all)
  })

  it('takes no more of what waits than it is told to', async () => {
    const { flushes, flush } = heldFlushes()
    const group = groupCommit({ flush, maxItems: 100, maxWaiting: 100, maxInFlight: 1, take: ([first = 0]) => (first > 1 ? 1 : 2) })
    const all = [1, 2, 3, 4].map(group.submit)
    for (let n = 0; n < 3; n += 1) {
      await turn()
      await turn()
      flushes[n]?.done()
    }
    await Promise.all(all)
    expect(flushes.map(({ items }) => items)).to.deep.equal([[1, 2], [3], [4]])
  })

  it('refuses at once when too many wait', async () => {
    const { flushes, flush } = heldFlushes()
    const group = groupCommit({ flush, maxItems: 1, maxWaiting: 1, maxInFlight: 1 })
    const first = group.submit(1)
    await turn()
    const second = group.submit(2)
    const error = await group.submit(3).catch((reason: unknown) => reason)
    expect(error).to.be.instanceOf(Unavailable)
    flushes[0]?.done()
    await turn()
    await turn()
    flushes[1]?.done()
    expect(await Promise.all([first, second])).to.deep.equal([10, 20])
  })

  it('fails one item alone for an error among the results, and all for a rejection', async () => {
    const { flushes, flush } = heldFlushes()
    const group = groupCommit({ flush, maxItems: 10, maxWaiting: 10, maxInFlight: 1 })
    const settled = Promise.allSettled([group.submit(1), group.submit(2)])
    await turn()
    flushes[0]?.done([new Error('one is bad'), 20])
    expect((await settled).map(({ status }) => status)).to.deep.equal(['rejected', 'fulfilled'])
    const next = Promise.allSettled([group.submit(3), group.submit(4)])
    await turn()
    flushes[1]?.fail(new Error('away'))
    expect((await next).map(({ status }) => status)).to.deep.equal(['rejected', 'rejected'])
  })

  it('is drained once nothing waits and nothing is under way', async () => {
    const { flushes, flush } = heldFlushes()
    const group = groupCommit({ flush, maxItems: 1, maxWaiting: 10, maxInFlight: 1 })
    await group.drained()
    let drained = false
    const both = [group.submit(1), group.submit(2)]
    const done = group.drained().then(() => {
      drained = true
    })
    await turn()
    flushes[0]?.done()
    await turn()
    await turn()
    expect(drained).to.equal(false)
    flushes[1]?.done()
    await done
    expect(await Promise.all(both)).to.deep.equal([10, 20])
  })
})
