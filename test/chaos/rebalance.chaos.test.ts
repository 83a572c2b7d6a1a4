import { kafkaLog } from '@tally/platform/kafka/log'
import { createLog } from '@tally/platform/process/log'
import { expect } from 'chai'
import { underLoad } from '../support/chaos.ts'
import { restarts } from '../support/faults.ts'
import { stack } from '../support/stack.ts'
import { until } from '../support/until.ts'

const REBALANCES = 5

describe('rebalances', () => {
  it(`${REBALANCES} in a row, by a stranger who takes partitions and counts nothing, lose and repeat nothing`, async function () {
    this.timeout(240_000)
    await underLoad(async ({ more }) => {
      const before = await restarts()
      const log = kafkaLog({ brokers: [stack.kafka], clientId: 'stranger', log: createLog('stranger', 'silent') })
      try {
        for (let n = 0; n < REBALANCES; n += 1) {
          let taken = 0
          const stranger = await log.subscribe({
            topics: ['order-events'],
            group: 'aggregator',
            startAt: () => undefined,
            async onBatch() {},
            onAssigned(partitions) {
              taken = partitions.length
            },
          })
          await until(() => taken > 0, { what: 'the stranger has partitions' })
          await more(100)
          await stranger.stop()
          await more(50)
        }
      } finally {
        await log.close()
      }
      expect(await restarts()).to.deep.equal(before)
    })
  })
})
