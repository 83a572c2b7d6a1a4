import { expect } from 'chai'
import { underLoad } from '../../support/chaos.ts'
import { allCounted } from '../../support/counts.ts'
import { stackCommand } from '../../support/orders.ts'
import { republish } from '../../support/republish.ts'
import { keepCopy, restoreCopy } from '../../support/restored-file.ts'

describe('what was counted before', () => {
  it('counts once: an older file, events written again to other partitions, and a range of the outbox sent again', async function () {
    this.timeout(240_000)
    let again = 0
    const startedAt = new Date()
    const { repeated } = await underLoad(async ({ prefix, random, more, forgive }) => {
      await keepCopy()
      await more(300)
      // What is acknowledged may not be in the topic yet.
      await allCounted(90_000)
      again = await republish(prefix, random)
      forgive()
      await restoreCopy()
      const range = { FROM: startedAt.toISOString(), TO: new Date().toISOString(), WHY: 'chaos' }
      await stackCommand(['exec', 'apply-connectors', '--', 'node', 'connectors/main.ts', 'reemit'], range)
    })
    expect(again).to.be.greaterThan(300)
    // Once by hand, and once more by the outbox.
    expect(repeated).to.be.at.least(2 * again)
  })
})
