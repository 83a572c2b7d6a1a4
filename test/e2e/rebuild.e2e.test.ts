import { expect } from 'chai'
import { allCounted, asOf, counted } from '../support/counts.ts'
import { addMerchant, orderIn, placeAll, stackCommand, sumOf, uniqueCategory } from '../support/orders.ts'

describe('make rebuild', () => {
  it('finds nothing wrong on the running stack, while orders go on and every question is answered', async () => {
    const apiKey = await addMerchant()
    const category = uniqueCategory('rebuilt')
    const orders = Array.from({ length: 100 }, (_, n) => orderIn(category, n))
    await placeAll(apiKey, orders.slice(0, 50))
    let running = true
    const rebuilding = stackCommand(['exec', 'aggregator', '--', 'node', 'aggregator/rebuild.ts']).finally(() => {
      running = false
    })
    const placing = placeAll(apiKey, orders.slice(50))
    const told: number[] = []
    while (running) told.push(await asOf())
    await placing
    expect(await rebuilding).to.match(/^[\d]+ records counted again, 0 buckets were wrong/m)
    expect(told).to.deep.equal(told.toSorted((a, b) => a - b))
    await allCounted()
    expect(await counted(category)).to.deep.equal(sumOf(orders, category))
  })
})
