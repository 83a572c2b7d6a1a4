import { connect } from 'node:net'
import { expect } from 'chai'
import { until } from '../../test/support/until.ts'
import { holdsNoMoreThan } from './heap.ts'
import { LINE, newOrder } from './orders.ts'
import type { TestApi } from './test-api.ts'
import { startApi } from './test-api.ts'
import type { TestDatabase } from './test-database.ts'
import { createTestDatabase } from './test-database.ts'

describe('POST /v1/orders/batch', () => {
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

  async function batch(body: string | Uint8Array<ArrayBuffer>, apiKey = key) {
    const headers = { Authorization: `Bearer ${apiKey}`, 'Content-Type': 'application/x-ndjson' }
    const answer = await api.request('/v1/orders/batch', { method: 'POST', headers, body })
    const lines =
      answer.status === 200
        ? answer.text
            .trimEnd()
            .split('\n')
            .map((line) => JSON.parse(line))
        : []
    return { ...answer, lines }
  }
  const ndjson = (orders: unknown[]) => orders.map((order) => (typeof order === 'string' ? order : JSON.stringify(order))).join('\n')

  it('answers one line for each line, in order; a bad line fails alone', async () => {
    const order = newOrder()
    const conflict = { ...order, lines: [{ ...LINE, quantity: 9 }] }
    const { status, headers, lines } = await batch(
      ndjson([order, '{broken', newOrder({ currency: 'XXX' }), order, conflict, '', newOrder()]),
    )
    expect(status).to.equal(200)
    expect(headers.get('content-type')).to.match(/^application\/x-ndjson/)
    expect(lines.map(({ line }) => line)).to.deep.equal([1, 2, 3, 4, 5, 6, 7])
    expect(lines.map((line) => line.status)).to.deep.equal([201, 400, 422, 200, 409, 400, 201])
    expect(lines[0].order.externalOrderId).to.equal(order.externalOrderId)
    expect(lines[3].order).to.deep.equal(lines[0].order)
    expect(lines[2].problem).to.include({ type: '/problems/invalid-fields', requestId: headers.get('x-request-id') })
    expect(lines[2].problem.errors).to.have.lengthOf(1)
    expect((await batch(ndjson([order]))).lines[0]).to.include({ line: 1, status: 200 })
  })

  it('takes 1 000 lines, and not 1 001', async () => {
    const { lines } = await batch(`${ndjson(Array.from({ length: 1_000 }, () => newOrder()))}\n`)
    expect(lines.filter(({ status }) => status === 201)).to.have.lengthOf(1_000)
    expect(lines.map(({ line }) => line)).to.deep.equal(Array.from({ length: 1_000 }, (_, n) => n + 1))
    expect((await batch('{}\n'.repeat(1_001))).status).to.equal(413)
  })

  it('refuses a line over 64 KiB alone, bytes that are not UTF-8 alone, and a body over 4 MiB whole', async () => {
    const bytes = Buffer.concat([
      Buffer.from(`${JSON.stringify(newOrder()).padEnd(65_537)}\n`),
      Buffer.from([0xff, 0x0a]),
      Buffer.from(ndjson([newOrder()])),
    ])
    expect((await batch(new Uint8Array(bytes))).lines.map(({ status }) => status)).to.deep.equal([413, 400, 201])
    expect((await batch(' '.repeat(4 * 1024 * 1024 + 1))).status).to.equal(413)
    expect((await batch('')).status).to.equal(400)
  })

  it('costs one token a line, granted from the first line on', async () => {
    const limited = await database.addMerchant({ perMinute: 1, burst: 5 })
    const { lines, headers } = await batch(ndjson(Array.from({ length: 7 }, () => newOrder())), limited)
    expect(lines.map(({ status }) => status)).to.deep.equal([201, 201, 201, 201, 201, 429, 429])
    expect(headers.get('ratelimit')).to.match(/^"orders"; r=0; t=\d+$/)
    expect((await batch(ndjson([newOrder()]), limited)).status).to.equal(429)
  })

  /** As large as a batch may be. */
  const largest = () => {
    const lines = Array.from({ length: 29 }, () => ({ ...LINE, sku: 'S'.repeat(60), category: 'C'.repeat(20) }))
    return `${ndjson(Array.from({ length: 1_000 }, () => newOrder({ lines })))}\n`
  }

  it('leaves no memory behind, and answers batch after batch of the largest, several at once', async () => {
    const bodies = [largest(), largest()]
    expect(bodies[0]?.length).to.be.within(3.9 * 1024 * 1024, 4 * 1024 * 1024)
    const round = () => Promise.all(bodies.map(async (body) => expect((await batch(body)).lines.at(-1)).to.include({ line: 1_000 })))
    await round()
    await holdsNoMoreThan(8 * 1024 * 1024, async () => {
      for (let n = 0; n < 2; n += 1) await round()
    })
  })

  it('cuts off who does not read the answers, so that others can send theirs', async () => {
    const bounded = await startApi({
      databaseUrl: database.url('tally_api'),
      config: { MAX_CONCURRENT_BATCHES: 1, REQUEST_DEADLINE_MS: 300 },
    })
    const body = largest()
    const head = ['POST /v1/orders/batch HTTP/1.1', 'Host: tally', `Authorization: Bearer ${key}`, 'Content-Type: application/x-ndjson']
    const socket = connect({ port: bounded.port, host: '127.0.0.1' })
    const gone = new Promise((resolve) => socket.once('close', resolve))
    socket.on('error', () => {})
    try {
      // Several answers: what the sockets of both sides hold is less than that.
      for (let n = 0; n < 5; n += 1) socket.write(`${[...head, `Content-Length: ${body.length}`, '', ''].join('\r\n')}${body}`)
      socket.pause()
      const headers = { Authorization: `Bearer ${key}`, 'Content-Type': 'application/x-ndjson' }
      const post = () => bounded.request('/v1/orders/batch', { method: 'POST', headers, body: JSON.stringify(newOrder()) })
      await until(async () => (await post()).status === 503, { what: 'the batch that is not read is under way', everyMs: 5 })
      await until(async () => (await post()).status === 200, { what: 'another one is taken' })
      socket.resume()
      await gone
    } finally {
      socket.destroy()
      await bounded.close()
    }
  })
})
