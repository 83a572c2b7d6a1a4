import { randomUUID } from 'node:crypto'
import { avroType, readFrame } from '@tally/platform/avro/framing'
import { tsidTime } from '@tally/platform/process/ids'
import { formatRfc3339 } from '@tally/platform/process/time'
import { schemaOf } from '@tally/schemas/contract/files'
import type { OrderPlaced } from '@tally/schemas/contract/order-placed'
import { ORDER_EVENTS } from '@tally/schemas/contract/topics'
import { expect } from 'chai'
import { LINE, newOrder } from './orders.ts'
import type { TestApi } from './test-api.ts'
import { SCHEMA_ID, startApi } from './test-api.ts'
import type { TestDatabase } from './test-database.ts'
import { createTestDatabase } from './test-database.ts'

const TRACE = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'

describe('POST /v1/orders', () => {
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

  const written = async (externalOrderId: string) =>
    (
      await database.query<{ orders: number; events: number }>(
        `select count(*)::int as orders, count(outbox.id)::int as events
         from orders left join outbox on aggregateid = orders.id::text where external_order_id = $1`,
        [externalOrderId],
      )
    )[0]

  it('answers 201 with the order, its place, the request id and the limit', async () => {
    const order = newOrder({ placedAt: '2999-01-01T00:00:00Z' })
    order.placedAt = new Date().toISOString().replace(/\.000Z$/, 'Z')
    const { status, headers, body } = await api.post(key, order, { 'X-Request-Id': 'mine-1' })
    expect(status).to.equal(201)
    expect(body).to.deep.equal({ orderId: body.orderId, ...order, acceptedAt: body.acceptedAt, totalMinor: 39_980 })
    expect(body.orderId).to.match(/^\d{18,19}$/)
    expect(headers.get('location')).to.equal(`/v1/orders/${body.orderId}`)
    expect(headers.get('x-request-id')).to.equal('mine-1')
    expect(headers.get('ratelimit')).to.match(/^"orders"; r=\d+; t=\d+$/)
    expect(headers.get('ratelimit-policy')).to.match(/^"orders"; q=1000000; w=60; pk=:/)
    expect(headers.get('idempotent-replayed')).to.equal(null)
  })

  it('takes the time of acceptance where the order has none', async () => {
    const { body } = await api.post(key, newOrder())
    expect(body.placedAt).to.equal(body.acceptedAt)
    expect(Date.parse(body.acceptedAt)).to.equal(tsidTime(BigInt(body.orderId)))
  })

  it('keeps microseconds and turns offsets into UTC', async () => {
    const hourAgo = new Date(Date.now() - 3_600_000).toISOString().slice(0, 19)
    const { body } = await api.post(key, newOrder({ placedAt: `${hourAgo}.123456+00:00` }))
    expect(body.placedAt).to.equal(`${hourAgo}.123456Z`)
    const read = await api.request(`/v1/orders/${body.orderId}`, { headers: { Authorization: `Bearer ${key}` } })
    expect(read.body).to.deep.equal(body)
  })

  it('writes one event that says what the answer says, framed with the id of its schema', async () => {
    const { body } = await api.post(key, newOrder(), { traceparent: TRACE, tracestate: 'vendor=1' })
    const [row] = await database.query<Record<string, unknown> & { payload: Buffer; id: string }>(
      'select * from outbox where aggregateid = $1',
      [body.orderId],
    )
    expect(row).to.include({ aggregatetype: 'order', type: 'OrderPlaced', traceparent: TRACE, tracestate: 'vendor=1' })
    expect(row?.id).to.not.equal(body.orderId)
    const { schemaId, body: bytes } = readFrame(row?.payload ?? null)
    expect(schemaId).to.equal(SCHEMA_ID)
    const event = avroType<OrderPlaced>(schemaOf(ORDER_EVENTS)).fromBuffer(bytes)
    expect(event.orderId).to.equal(BigInt(body.orderId))
    expect(event).to.include({ externalOrderId: body.externalOrderId, currency: 'USD', totalMinor: 39_980n })
    expect(formatRfc3339(event.placedAt)).to.equal(body.placedAt)
    expect(formatRfc3339(event.acceptedAt)).to.equal(body.acceptedAt)
    expect(event.lines.map((line) => ({ ...line }))).to.deep.equal([{ ...LINE, unitPriceMinor: 19_990n }])
  })

  it('gives an event without a valid trace one of its own', async () => {
    const { body } = await api.post(key, newOrder(), { traceparent: '00-00000000000000000000000000000000-00f067aa0ba902b7-01' })
    const [row] = await database.query<{ traceparent: string }>('select traceparent from outbox where aggregateid = $1', [body.orderId])
    expect(row?.traceparent).to.match(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/)
  })

  it('answers the same content with 200 and the same bytes, however it is spelt, and writes nothing', async () => {
    const order = newOrder()
    const first = await api.post(key, order)
    const { sku, category } = LINE
    const respelt = `{"lines":[{"unitPriceMinor":1.9990e4,"quantity":2.0,"category":"${category}","sku":"${sku}"}],
      "currency":"\\u0055SD","externalOrderId":"${order.externalOrderId}"}`
    for (const text of [JSON.stringify(order), respelt]) {
      const again = await api.post(key, text)
      expect(again.status).to.equal(200)
      expect(again.headers.get('idempotent-replayed')).to.equal('true')
      expect(again.headers.get('location')).to.equal(first.headers.get('location'))
      expect(again.text).to.equal(first.text)
    }
    expect(await written(order.externalOrderId)).to.deep.equal({ orders: 1, events: 1 })
  })

  it('takes two spellings of one time for the same', async () => {
    const seconds = new Date(Date.now() - 60_000).toISOString().slice(0, 19)
    const order = newOrder({ placedAt: `${seconds}Z` })
    await api.post(key, order)
    expect((await api.post(key, { ...order, placedAt: `${seconds}.000-00:00` })).status).to.equal(200)
  })

  it('answers other content under the same externalOrderId with 409 and writes nothing', async () => {
    const order = newOrder()
    const { body: accepted } = await api.post(key, order)
    const others = [
      { ...order, currency: 'EUR' },
      { ...order, placedAt: accepted.placedAt },
      { ...order, lines: [{ ...LINE, quantity: 3 }] },
      { ...order, lines: [LINE, LINE] },
    ]
    for (const other of others) {
      const { status, headers, body } = await api.post(key, other)
      expect(status).to.equal(409)
      expect(headers.get('content-type')).to.match(/^application\/problem\+json/)
      expect(body.type).to.equal('/problems/order-conflict')
      expect(body.detail).to.contain(accepted.orderId)
    }
    expect(await written(order.externalOrderId)).to.deep.equal({ orders: 1, events: 1 })
  })

  it('repeats an order that has meanwhile become too old to be placed, and tells other content from it', async () => {
    const order = newOrder({ placedAt: new Date().toISOString() })
    const first = await api.post(key, order)
    const later = await startApi({ databaseUrl: database.url('tally_api'), clock: { now: () => Date.now() + 8 * 86_400_000 } })
    try {
      const again = await later.post(key, order)
      expect([again.status, again.headers.get('idempotent-replayed'), again.text]).to.deep.equal([200, 'true', first.text])
      expect((await later.post(key, { ...order, currency: 'EUR' })).status).to.equal(409)
      expect((await later.post(key, { ...order, externalOrderId: 'never-placed' })).status).to.equal(422)
      expect(await written('never-placed')).to.deep.equal({ orders: 0, events: 0 })
    } finally {
      await later.close()
    }
  })

  it('lets two merchants use the same externalOrderId', async () => {
    const order = newOrder()
    const other = await database.addMerchant()
    expect([(await api.post(key, order)).status, (await api.post(other, order)).status]).to.deep.equal([201, 201])
  })

  it('writes one order and one event for 50 posts at once through two instances', async () => {
    const second = await startApi({ databaseUrl: database.url('tally_api') })
    try {
      for (const order of [newOrder(), newOrder(), newOrder()]) {
        const answers = await Promise.all(Array.from({ length: 50 }, (_, n) => (n % 2 ? api : second).post(key, order)))
        expect(answers.filter(({ status }) => status === 201)).to.have.lengthOf(1)
        expect(answers.filter(({ status }) => status === 200)).to.have.lengthOf(49)
        expect(new Set(answers.map(({ text }) => text))).to.have.lengthOf(1)
        expect(await written(order.externalOrderId)).to.deep.equal({ orders: 1, events: 1 })
      }
    } finally {
      await second.close()
    }
  })

  it('lets exactly one of different contents win when they come at once', async () => {
    const order = newOrder()
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, n) => api.post(key, { ...order, lines: [{ ...LINE, quantity: 1 + (n % 2) }] })),
    )
    const count = (status: number) => answers.filter((answer) => answer.status === status).length
    expect([count(201), count(200), count(409)]).to.deep.equal([1, 9, 10])
    expect(await written(order.externalOrderId)).to.deep.equal({ orders: 1, events: 1 })
  })

  it('never deadlocks when two instances are given the same orders in opposite order', async () => {
    const second = await startApi({ databaseUrl: database.url('tally_api') })
    try {
      const orders = Array.from({ length: 60 }, () => newOrder())
      const answers = await Promise.all([
        ...orders.map((order) => api.post(key, order)),
        ...orders.toReversed().map((order) => second.post(key, order)),
      ])
      expect(answers.filter(({ status }) => status === 201)).to.have.lengthOf(60)
      expect(answers.filter(({ status }) => status === 200)).to.have.lengthOf(60)
    } finally {
      await second.close()
    }
  })

  it('accepts Idempotency-Key bare or quoted when it is the externalOrderId, else answers 400', async () => {
    const order = newOrder()
    expect((await api.post(key, order, { 'Idempotency-Key': order.externalOrderId })).status).to.equal(201)
    expect((await api.post(key, order, { 'Idempotency-Key': `"${order.externalOrderId}"` })).status).to.equal(200)
    const { status, body } = await api.post(key, newOrder(), { 'Idempotency-Key': randomUUID() })
    expect(status).to.equal(400)
    expect(body.type).to.equal('/problems/idempotency-key-mismatch')
  })
})
