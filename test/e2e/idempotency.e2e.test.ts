import { expect } from 'chai'
import pg from 'pg'
import { allCounted, counted } from '../support/counts.ts'
import { addMerchant, orderIn, placeOrder, sumOf, uniqueCategory } from '../support/orders.ts'
import { stack } from '../support/stack.ts'

describe('placing the same order again', () => {
  it('gives one row, one event and one count for 50 posts at once', async () => {
    const apiKey = await addMerchant()
    const category = uniqueCategory('same')
    const order = orderIn(category, 1)
    const answers = await Promise.all(Array.from({ length: 50 }, () => placeOrder(apiKey, order)))
    expect(answers.filter(({ status }) => status === 201)).to.have.lengthOf(1)
    expect(answers.filter(({ status, headers }) => status === 200 && headers.get('idempotent-replayed') === 'true')).to.have.lengthOf(49)
    const orderId = String(answers[0]?.body.orderId)
    expect(new Set(answers.map(({ body }) => JSON.stringify(body)))).to.have.lengthOf(1)

    const database = new pg.Client({ connectionString: stack.database('tally_owner') })
    await database.connect()
    try {
      const rows = await database.query(
        'select (select count(*)::int from orders where external_order_id = $1) as orders, (select count(*)::int from outbox where aggregateid = $2) as events',
        [order.externalOrderId, orderId],
      )
      expect(rows.rows).to.deep.equal([{ orders: 1, events: 1 }])
    } finally {
      await database.end()
    }
    await allCounted()
    expect(await counted(category)).to.deep.equal(sumOf([order], category))
  })

  it('refuses other content under the same externalOrderId with 409 and counts nothing of it', async () => {
    const apiKey = await addMerchant()
    const category = uniqueCategory('conflict')
    const order = orderIn(category, 1)
    expect((await placeOrder(apiKey, order)).status).to.equal(201)
    const other = await placeOrder(apiKey, { ...orderIn(category, 2), externalOrderId: order.externalOrderId })
    expect(other.status).to.equal(409)
    expect(other.headers.get('content-type')).to.match(/^application\/problem\+json/)
    await allCounted()
    expect(await counted(category)).to.deep.equal(sumOf([order], category))
  })
})
