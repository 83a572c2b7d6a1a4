import { expect } from 'chai'
import { underLoad } from '../support/chaos.ts'
import { allCounted, counted } from '../support/counts.ts'
import { statusOf } from '../support/faults.ts'
import { addMerchant, orderIn, placeAll, stackCommand, sumOf, uniqueCategory } from '../support/orders.ts'
import { bucketOf, changeCounts } from '../support/restored-file.ts'
import { stack } from '../support/stack.ts'
import { until } from '../support/until.ts'

const KILLS = 3

const rebuild = () => stackCommand(['exec', 'aggregator', '--', 'node', 'aggregator/rebuild.ts'])

/** How long one takes that nobody disturbs. */
async function timeRebuild(): Promise<number> {
  const begun = performance.now()
  await rebuild()
  return performance.now() - begun
}

/** Asks for one and does not wait for its end. */
const begin = () =>
  until(async () => (await fetch(`${stack.aggregatorOps}/rebuild`, { method: 'POST' })).status === 202, {
    what: 'a rebuild has begun',
    everyMs: 5,
  })

describe('a rebuild', () => {
  it(`killed ${KILLS} times, each at a moment of its own, leaves every count as it was, or right; then it is done`, async function () {
    this.timeout(240_000)
    const category = uniqueCategory('rebuilt')
    const orders = Array.from({ length: 50 }, (_, n) => orderIn(category, n))
    await placeAll(await addMerchant(), orders)
    const right = sumOf(orders, category)
    const wrong = { ...right, units: right.units + 1 }
    await underLoad(async ({ random }) => {
      await allCounted()
      const withinMs = await timeRebuild()
      await changeCounts(`update summed set units = units + 1 where (minute, series) = ${bucketOf(category)}`)
      expect(await counted(category)).to.deep.equal(wrong)
      for (let kill = 0; kill < KILLS; kill += 1) {
        const { pid = 0 } = await statusOf('aggregator')
        await begin()
        const at = performance.now() + random.below(withinMs)
        await until(() => performance.now() >= at, { what: 'the moment comes', everyMs: 1 })
        process.kill(pid, 'SIGKILL')
        const found = await until(() => counted(category), { what: 'it answers again' })
        expect([right, wrong]).to.deep.include(found)
      }
      expect(await rebuild()).to.match(/^\d+ records counted again, [01] buckets were wrong/m)
      expect(await counted(category)).to.deep.equal(right)
    })
  })
})
