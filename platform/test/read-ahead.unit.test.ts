// Fetching on while the last records are worked on.
import { expect } from 'chai'
import { readAhead } from '../kafka/read-ahead.ts'

const turn = () => new Promise<void>((resolve) => setImmediate(resolve))

function work() {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const state = {
    begun: false,
    run() {
      state.begun = true
      return promise
    },
    finish: resolve,
    fail: reject,
  }
  return state
}

describe('reading ahead', () => {
  it('works in order within a lane, and on lanes side by side', async () => {
    const ahead = readAhead(10)
    const [first, second, other] = [work(), work(), work()]
    ahead.add('a', 1, first.run)
    ahead.add('a', 1, second.run)
    ahead.add('b', 1, other.run)
    await turn()
    expect([first.begun, second.begun, other.begun]).to.deep.equal([true, false, true])
    first.finish()
    await turn()
    expect(second.begun).to.equal(true)
  })

  it('has room while no more waits than the bound', async () => {
    const ahead = readAhead(10)
    const [first, second] = [work(), work()]
    ahead.add('a', 10, first.run)
    await ahead.room()
    ahead.add('a', 1, second.run)
    let room = false
    void ahead.room().then(() => {
      room = true
    })
    await turn()
    expect(room).to.equal(false)
    first.finish()
    await turn()
    expect(room).to.equal(true)
  })

  it('tells a fault to who added the work, and the lane goes on', async () => {
    const ahead = readAhead(10)
    const [first, second] = [work(), work()]
    const { settled } = ahead.add('a', 1, first.run)
    const next = ahead.add('a', 1, second.run)
    first.fail(new Error('broken'))
    expect(await settled.catch((error: Error) => error.message)).to.equal('broken')
    second.finish()
    await next.settled
    await ahead.idle()
  })

  it('is idle once nothing waits in any lane', async () => {
    const ahead = readAhead(10)
    await ahead.idle()
    const [first, second] = [work(), work()]
    ahead.add('a', 1, first.run)
    ahead.add('b', 1, second.run)
    let idle = false
    void ahead.idle().then(() => {
      idle = true
    })
    first.finish()
    await turn()
    expect(idle).to.equal(false)
    second.finish()
    await turn()
    expect(idle).to.equal(true)
  })
})
