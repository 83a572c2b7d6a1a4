import { expect } from 'chai'
import { allCounted, counted } from '../../support/counts.ts'
import { killService } from '../../support/faults.ts'
import { addMerchant, orderIn, placeAll, sumOf, uniqueCategory } from '../../support/orders.ts'

describe('counting through crashes', () => {
  it('counts 2 000 orders to the cent while the aggregator is killed three times and Connect once', async () => {
    const apiKey = await addMerchant()
    const category = uniqueCategory('crash')
    const orders = Array.from({ length: 2_000 }, (_, n) => orderIn(category, n))
    const kills = new Map([
      [300, 'aggregator'],
      [700, 'connect'],
      [1_100, 'aggregator'],
      [1_600, 'aggregator'],
    ])
    const killing: Promise<unknown>[] = []
    await placeAll(apiKey, orders, 8, (placed) => {
      const victim = kills.get(placed)
      if (victim) killing.push(killService(victim))
    })
    await Promise.all(killing)
    await allCounted(90_000)
    expect(await counted(category)).to.deep.equal(sumOf(orders, category))
  })
})
