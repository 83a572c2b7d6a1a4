import { underLoad } from '../support/chaos.ts'
import { killService, startService } from '../support/faults.ts'
import { until } from '../support/until.ts'

/** Each costs the dead member's session in the group before the next one counts. */
const KILLS = 8
/** Two flushes' worth: a kill meets any step of one. */
const WITHIN_MS = 250

describe('killing the aggregator in the middle of its work', () => {
  // killed.component.test.ts kills before every single call to DuckDB; here Kafka, asOf and publishing are in it too.
  it(`${KILLS} times, each at a moment of its own, loses and repeats nothing`, async function () {
    this.timeout(420_000)
    await underLoad(async ({ random, more }) => {
      for (let kill = 0; kill < KILLS; kill += 1) {
        await more(20)
        const at = performance.now() + random.below(WITHIN_MS)
        await until(() => performance.now() >= at, { what: 'the moment comes', everyMs: 1 })
        await killService('aggregator')
        await startService('aggregator')
      }
    })
  })
})
