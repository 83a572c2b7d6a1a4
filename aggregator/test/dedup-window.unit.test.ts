// The window against the topic's retention.
import { expect } from 'chai'
import { checkDedupWindow } from '../count/dedup-window.ts'

const DAY_MS = 86_400_000
const check = (days: number, retentionMs: number) => () =>
  checkDedupWindow(days * DAY_MS, 'order-events', new Map([['retention.ms', String(retentionMs)]]))

describe('the dedup window', () => {
  it('is as long as the topic keeps records, or longer', () => {
    check(7, 7 * DAY_MS)()
    check(8, 7 * DAY_MS)()
  })

  it('shorter than that, or than for ever, is a fault of the configuration', () => {
    expect(check(7, 7 * DAY_MS + 1))
      .to.throw(/DEDUP_WINDOW_DAYS/)
      .with.property('exitCode', 78)
    expect(check(3_650, -1)).to.throw(/without limit/)
    expect(() => checkDedupWindow(DAY_MS, 'order-events', new Map())).to.throw(/DEDUP_WINDOW_DAYS/)
  })
})
