import { expect } from 'chai'
import { BooksDiffer, checkBooks } from '../support/conservation.ts'
import { allCounted } from '../support/counts.ts'
import { startLoad } from '../support/load.ts'
import { addMerchant, uniqueCategory } from '../support/orders.ts'
import { seeded } from '../support/random.ts'
import { bucketOf, changeCounts } from '../support/restored-file.ts'
import { until } from '../support/until.ts'

describe('the check that ends every chaos test', () => {
  it("sees a cent too much in one minute of the aggregator's file, and its going away again", async function () {
    this.timeout(120_000)
    const prefix = uniqueCategory('chaos-cent')
    const load = startLoad({ apiKey: await addMerchant(), prefix, perSecond: 100, random: seeded(1) })
    await until(() => load.acknowledged.length >= 100, { what: '100 orders' })
    const { ledger } = await load.end()
    await allCounted()
    await checkBooks(ledger, prefix)

    await changeCounts(`update summed set revenue_minor = revenue_minor + 1 where (minute, series) = ${bucketOf(prefix)}`)
    const differs = await checkBooks(ledger, prefix).then(
      () => 'nothing',
      (error) => (error instanceof BooksDiffer ? error.message : String(error)),
    )
    expect(differs).to.match(
      /^1 differences\n\d+\|chaos-cent-.*revenueMinor: what was acknowledged says \d+, the aggregator's file says \d+$/,
    )
    await changeCounts(`update summed set revenue_minor = revenue_minor - 1 where (minute, series) = ${bucketOf(prefix)}`)
    await checkBooks(ledger, prefix)
  })
})
