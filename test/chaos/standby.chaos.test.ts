import { expect } from 'chai'
import { underLoad } from '../support/chaos.ts'
import { killService, startService, stopService } from '../support/faults.ts'
import { isReady } from '../support/ready.ts'
import { secondAggregator } from '../support/second-aggregator.ts'
import { stack } from '../support/stack.ts'
import { until } from '../support/until.ts'

const TAKEN_OVER_MS = 10_000

describe('two aggregators', () => {
  it('share a file one after the other: the second stands by, not ready, and takes over when the first is killed', async function () {
    this.timeout(240_000)
    await underLoad(async ({ more }) => {
      const second = await secondAggregator()
      try {
        const standing = await until(async () => (await second.says()).text.includes('standby') && second.says(), { what: 'it stands by' })
        expect(standing.status).to.equal(503)
        await more(200)
        const [ready] = await until(
          async () => {
            const told = await isReady(stack.aggregatorOps)
            return told !== undefined && [told]
          },
          { what: 'the first answers' },
        )
        expect(ready).to.equal(true)

        await killService('aggregator')
        await stopService('aggregator')
        await until(async () => (await second.says()).status === 200, { what: 'the second has taken over', timeoutMs: TAKEN_OVER_MS })
        await more(400)
        expect((await second.says()).status).to.equal(200)
      } finally {
        await second.end('SIGKILL')
      }
      await startService('aggregator')
    })
  })
})
