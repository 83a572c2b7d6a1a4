// Dead letters that still fail are replayed to a group with the limits of production, beside live orders.
import { expect } from 'chai'
import { memoryStack, type Stack } from './support/memory-stack.ts'

const times = (count: number, text: string): string[] => Array.from({ length: count }, () => text)

describe('a replay of dead letters of which many still fail', () => {
  let stack: Stack
  afterEach(() => stack.close())

  /** Places live orders one after the other until the run has ended; each must be counted. */
  async function liveOrdersUntilEnded(id: string): Promise<number> {
    for (let n = 0; ; n += 1) {
      if ((await stack.run(id)).state === 'ended') return n
      await stack.liveOrder(`9${n}`)
    }
  }

  async function expectNoHarmAt(rate: number): Promise<void> {
    stack = await memoryStack()
    await stack.deadLetters([...times(400, 'mended'), ...times(2_000, 'broken')])
    const id = await stack.replay({ rate })
    expect(await liveOrdersUntilEnded(id)).to.be.greaterThan(1)
    expect(stack.stops).to.deep.equal([])
    const { how, tally } = await stack.run(id)
    const { counted, unknown = 0, 'failed-again': failed = 0 } = tally.outcomes
    expect({ how, counted, unknown }).to.deep.equal({ how: 'mostly-failed', counted: 400, unknown: 0 })
    expect(failed).to.be.within(100, 1_500)
  }

  it('stops neither its group nor a live order, and ends with a true tally', () => expectNoHarmAt(2_000))

  it('does so as fast as the group keeps up too', () => expectNoHarmAt(0))
})
