import { createLog } from '@tally/platform/process/log'
import { expect } from 'chai'
import { until } from '../../test/support/until.ts'
import type { SlotReading } from '../outbox/slot.ts'
import { slotPressure } from '../outbox/slot.ts'
import { watchSlot } from '../outbox/watch-slot.ts'

const reading = (share: number, walStatus = 'reserved'): SlotReading => ({ walStatus, retainedBytes: share * 1_000, budgetBytes: 1_000 })

const log = createLog('slot-test', 'silent')

describe('the budget of the slot', () => {
  for (const [what, given, pressure] of [
    ['an idle slot', reading(0), 'none'],
    ['just under half', reading(0.499), 'none'],
    ['half of the budget', reading(0.5, 'extended'), 'warn'],
    ['just under four fifths', reading(0.799, 'extended'), 'warn'],
    ['four fifths', reading(0.8, 'extended'), 'shed'],
    ['an unreserved slot', reading(0.1, 'unreserved'), 'shed'],
    ['a lost slot', reading(0, 'lost'), 'shed'],
    ['no limit', { walStatus: 'extended', retainedBytes: 1e15, budgetBytes: undefined }, 'none'],
  ] as const) {
    it(`means ${pressure} for ${what}`, () => expect(slotPressure(given)).to.equal(pressure))
  }

  it('is watched: shed while it is short, and as long as nothing newer is known', async () => {
    let answer: SlotReading | Error = reading(0.9)
    let asked = 0
    const read = async () => {
      asked += 1
      if (answer instanceof Error) throw answer
      return answer
    }
    const askedTwiceMore = (from = asked) => until(() => asked >= from + 2, { what: 'the slot is read again', everyMs: 1 })
    const watch = watchSlot(read, log, 1)
    try {
      await askedTwiceMore()
      expect(watch.shedding()).to.be.a('string')
      answer = new Error('away')
      await askedTwiceMore()
      expect(watch.shedding()).to.be.a('string')
      answer = reading(0)
      await askedTwiceMore()
      expect(watch.shedding()).to.equal(undefined)
    } finally {
      await watch.stop()
    }
  })
})
