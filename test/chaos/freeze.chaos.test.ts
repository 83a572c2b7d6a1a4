import { expect } from 'chai'
import { underLoad } from '../support/chaos.ts'
import { freeze, restarts } from '../support/faults.ts'
import { allReady, untilNotReady } from '../support/ready.ts'
import { stack } from '../support/stack.ts'
import { until } from '../support/until.ts'

const FROZEN_MS = 15_000
/** One after the other; who must say that it is not ready meanwhile. */
const VICTIMS: Record<string, string | undefined> = {
  aggregator: undefined,
  connect: undefined,
  kafka: undefined,
  postgres: stack.ingestApiOps,
  'schema-registry': undefined,
}

describe('freezing any part', () => {
  it(`loses nothing and restarts nothing, for ${FROZEN_MS / 1_000} s each: ${Object.keys(VICTIMS).join(', ')}`, async function () {
    this.timeout(420_000)
    await underLoad(async ({ more }) => {
      const before = await restarts()
      for (const [victim, notReady] of Object.entries(VICTIMS)) {
        const thaw = await freeze(victim)
        try {
          const thawAt = performance.now() + FROZEN_MS
          if (notReady) await untilNotReady(notReady)
          await until(() => performance.now() > thawAt, { what: 'the frost is over' })
        } finally {
          thaw()
        }
        await more(200)
        await allReady()
        expect(await restarts(), victim).to.deep.equal(before)
      }
    })
  })
})
