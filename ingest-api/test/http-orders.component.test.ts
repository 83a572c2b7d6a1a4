import { randomUUID } from 'node:crypto'
import { expect } from 'chai'
import type { TestApi } from './test-api.ts'
import { startApi } from './test-api.ts'
import type { TestDatabase } from './test-database.ts'
import { createTestDatabase } from './test-database.ts'

const LINE = { sku: 'FUR-CH-100', category: 'Chairs', quantity: 2, unitPriceMinor: 19_990 }
const newOrder = (extra: Record<string, unknown> = {}) => ({ externalOrderId: randomUUID(), currency: 'USD', lines: [LINE], ...extra })

describe('the orders API over PostgreSQL', () => {
  let database: TestDatabase
  let api: TestApi
  let key: string

  before(async () => {
    database = await createTestDatabase()
    api = await startApi({ databaseUrl: database.url('tally_api') })
    key = await database.addMerchant()
  })

  after(async () => {
    await api?.close()
    await database?.drop()
  })

  const rowsOf = (externalOrderId: string) =>
    database.query<{ orders: number; events: number }>(
      `select count(*)::int as orders,
        (select count(*)::int from outbox where aggregateid in (select id::text from orders where external_order_id = $1)) as events
       from orders where external_order_id = $1`,
      [externalOrderId],
    )

  describe('POST /v1/orders', () => {
    it('answers 201 with the order, its place, the request id and the limit', async () => {
      const order = newOrder({ placedAt: new Date().toISOString() })
      const { status, headers, body } = await api.post(key, order, { 'X-Request-Id': 'mine-1' })
      expect(status).to.equal(201)
      expect(body).to.deep.equal({
        orderId: body.orderId,
        externalOrderId: order.externalOrderId,
        currency: 'USD',
        placedAt: order.placedAt,
        acceptedAt: body.acceptedAt,
        totalMinor: 39_980,
        lines: [LINE],
      })
      expect(body.orderId).to.match(/^\d{18,19}$/)
      expect(headers.get('location')).to.equal(`/v1/orders/${body.orderId}`)
      expect(headers.get('x-request-id')).to.equal('mine-1')
      expect(headers.get('ratelimit')).to.match(/^"orders"; r=\d+; t=\d+$/)
      expect(headers.get('ratelimit-policy')).to.match(/^"orders"; q=1000000; w=60; pk=:/)
      expect(headers.get('idempotent-replayed')).to.equal(null)
    })
  })
})
