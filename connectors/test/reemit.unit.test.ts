import { StopProcess } from '@tally/platform/process/errors'
import { expect } from 'chai'
import { reemitEvents } from '../resend/reemit-events.ts'

describe('sending a range again', () => {
  /** Looks at what arrived are 40 s apart, with a deadline of 60 s; the last of `arrivals` stays. */
  async function sent(rows: number, arrivals: number[]): Promise<unknown> {
    const clock = { at: 0, now: () => clock.at }
    const arrived = async () => {
      clock.at += 40_000
      return (arrivals.length > 1 ? arrivals.shift() : arrivals[0]) ?? 0
    }
    const outbox = { count: async () => rows, days: async () => [], signal: async () => {} }
    const ports = { outbox, watchEvents: async () => ({ arrived }), clock, print: () => {} }
    const options = { signalId: 's', why: 'a test', deadlineMs: 60_000, pollMs: 0 }
    return reemitEvents({ from: 1n, to: 9n }, ports, options).catch((error: unknown) => error)
  }

  it('takes as long as it takes while events arrive', async () => {
    expect(await sent(5, [1, 2, 3, 4, 5])).to.equal(5)
    expect(await sent(2, [1, 1, 2])).to.equal(2)
  })

  it('gives up when none arrived for as long as the deadline, and says how far it came', async () => {
    for (const [arrivals, text] of [
      [[0, 0, 5], '0 of 5 events arrived, then none for 60 s'],
      [[1, 2, 2, 2, 5], '2 of 5 events arrived, then none for 60 s'],
    ] as const) {
      const gaveUp = await sent(5, [...arrivals])
      expect(gaveUp).to.be.instanceOf(StopProcess).with.property('message').that.contains(text)
    }
  })
})
