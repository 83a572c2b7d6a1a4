import { underLoad } from '../../support/chaos.ts'
import { killService, startService } from '../../support/faults.ts'

describe('killing any part', () => {
  it('loses and repeats nothing, while one after the other is killed before the last one is back', async function () {
    this.timeout(240_000)
    await underLoad(async ({ more }) => {
      const victims = ['schema-registry', 'aggregator', 'connect', 'postgres', 'kafka']
      for (const victim of victims) {
        await killService(victim)
        await more(150)
      }
      for (const victim of victims) await startService(victim)
    })
  })
})
