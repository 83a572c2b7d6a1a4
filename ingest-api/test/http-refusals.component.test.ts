import { globSync, readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { expect } from 'chai'
import { LINE, newOrder } from './orders.ts'
import type { Answer, TestApi } from './test-api.ts'
import { startApi } from './test-api.ts'
import type { TestDatabase } from './test-database.ts'
import { createTestDatabase } from './test-database.ts'

function expectProblem(answer: Answer, status: number, type: string): void {
  expect({ status: answer.status, type: answer.body?.type }).to.deep.equal({ status, type: `/problems/${type}` })
  expect(answer.headers.get('content-type')).to.match(/^application\/problem\+json/)
  expect(answer.body).to.include.keys('title', 'status', 'detail', 'instance', 'requestId')
  expect(answer.body.requestId).to.equal(answer.headers.get('x-request-id'))
}

describe('what the orders API refuses', () => {
  let database: TestDatabase
  let api: TestApi
  let key: string
  let now: number | undefined

  before(async () => {
    database = await createTestDatabase()
    api = await startApi({ databaseUrl: database.url('tally_api'), clock: { now: () => now ?? Date.now() } })
    key = await database.addMerchant()
  })
  after(async () => {
    await api?.close()
    await database?.drop()
  })

  /** A POST with any body and any headers. */
  const send = (body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string> = {}) =>
    api.request('/v1/orders', {
      method: 'POST',
      body,
      headers: { Authorization: `Bearer ${key}`, 'Content-Type': 'application/json', ...headers },
    })
  const get = (path: string, apiKey = key) => api.request(path, { headers: { Authorization: `Bearer ${apiKey}` } })

  describe('400', () => {
    for (const [what, body] of [
      ['broken JSON', '{"externalOrderId":'],
      ['no body', ''],
      ['two values', '{}{}'],
      ['a number JSON does not know', '{"a":NaN}'],
      ['a NUL byte', '{"a":"\u0000"}'],
      ['a megadeep array, cut off', '['.repeat(60_000)],
    ] as const) {
      it(`${what} is not JSON`, async () => expectProblem(await send(body), 400, 'not-json'))
    }
    it('bytes that are not UTF-8 are not JSON', async () => {
      expectProblem(await send(new Uint8Array([0x22, 0xff, 0xfe, 0x22])), 400, 'not-json')
    })
    it('a body that is not gzip though it says so cannot be read', async () => {
      expectProblem(await send('{}', { 'Content-Encoding': 'gzip' }), 400, 'bad-request')
    })
  })

  describe('401', () => {
    for (const [what, authorization] of [
      ['no key', undefined],
      ['another scheme', 'Basic dXNlcjpwYXNz'],
      ['an unknown key', 'Bearer tally_nobody'],
      ['an empty key', 'Bearer '],
      ['a key of a megabyte', `Bearer ${'x'.repeat(10_000)}`],
    ] as const) {
      it(`${what} is refused on every route`, async () => {
        const headers: Record<string, string> = authorization === undefined ? {} : { Authorization: authorization }
        for (const path of ['/v1/orders', '/v1/orders/1']) {
          const answer = await api.request(path, { headers })
          expectProblem(answer, 401, 'unauthorized')
          expect(answer.headers.get('www-authenticate')).to.match(/^Bearer/)
          expect(answer.headers.get('ratelimit')).to.equal(null)
        }
      })
    }
    it('a revoked key is refused five seconds later, a second key of the merchant is not', async () => {
      const revoked = await database.addMerchant()
      now = Date.now()
      expect((await api.post(revoked, newOrder())).status).to.equal(201)
      await database.query("update api_keys set revoked_at = now() where key_hash = sha256(convert_to($1, 'UTF8'))", [revoked])
      now += 5_000
      expectProblem(await api.post(revoked, newOrder()), 401, 'unauthorized')
      expect((await api.post(key, newOrder())).status).to.equal(201)
      now = undefined
    })
  })

  describe('404', () => {
    it("another merchant's order is not told apart from none", async () => {
      const { body } = await api.post(await database.addMerchant(), newOrder())
      for (const id of [body.orderId, '1', '0', 'nonsense', '9'.repeat(19), '9'.repeat(30), '-1', '%00'])
        expectProblem(await get(`/v1/orders/${id}`), 404, 'not-found')
    })
    it('an unknown path', async () => {
      expectProblem(await get('/v1/nothing'), 404, 'not-found')
      expectProblem(await api.request('/nothing'), 404, 'not-found')
    })
  })

  it('405: any other method, with what is allowed', async () => {
    for (const [path, methods, allow] of [
      ['/v1/orders', ['PUT', 'DELETE', 'PATCH', 'OPTIONS'], 'GET, HEAD, POST'],
      ['/v1/orders/1', ['POST', 'DELETE'], 'GET, HEAD'],
      ['/v1/orders/batch', ['GET', 'PUT'], 'POST'],
    ] as const) {
      for (const method of methods) {
        const answer = await api.request(path, { method, headers: { Authorization: `Bearer ${key}` } })
        expectProblem(answer, 405, 'method-not-allowed')
        expect(answer.headers.get('allow')).to.equal(allow)
      }
    }
  })

  describe('413', () => {
    it('a body over 64 KiB, and not one of 64 KiB', async () => {
      const pad = (bytes: number) => JSON.stringify(newOrder()).padEnd(bytes, ' ')
      expect((await send(pad(65_536))).status).to.equal(201)
      expectProblem(await send(pad(65_537)), 413, 'too-large')
    })
    it('a small gzip body that inflates to more', async () => {
      const bomb = gzipSync(Buffer.alloc(50_000_000, ' '))
      expectProblem(await send(new Uint8Array(bomb), { 'Content-Encoding': 'gzip' }), 413, 'too-large')
    })
  })

  it('415: other media types, charsets and encodings', async () => {
    for (const [name, value] of [
      ['Content-Type', 'text/plain'],
      ['Content-Type', 'application/json; charset=latin1'],
      ['Content-Type', 'application/x-ndjson'],
      ['Content-Encoding', 'compress'],
    ] as const)
      expectProblem(await send('{}', { [name]: value }), 415, 'unsupported-media-type')
  })

  describe('422', () => {
    it('names every fault at once by its pointer', async () => {
      const lines = [LINE, { ...LINE, sku: '', quantity: 1.5, unitPriceMinor: '1', colour: 'red' }]
      const answer = await api.post(key, { currency: 'usd', placedAt: 'today', lines, 'a/b': 1 })
      expectProblem(answer, 422, 'invalid-fields')
      const pointers = answer.body.errors.map(({ pointer }: { pointer: string }) => pointer)
      expect(pointers).to.have.members([
        '/externalOrderId',
        '/currency',
        '/placedAt',
        '/lines/1/sku',
        '/lines/1/quantity',
        '/lines/1/unitPriceMinor',
        '/lines/1/colour',
        '/a~1b',
      ])
    })
    for (const body of ['null', '[]', '"order"', '7', '{}', '{"__proto__":{"x":1}}', '{"lines":1e400}', '[[[[1]]]]']) {
      it(`${body} is JSON but no order`, async () => expectProblem(await send(body), 422, 'invalid-fields'))
    }
    it('a lone surrogate and a NUL in a name', async () => {
      const order = `{"externalOrderId":"x","currency":"USD","lines":[{"sku":"\\ud800","category":"\\u0000","quantity":1,"unitPriceMinor":0}]}`
      const answer = await send(order)
      expectProblem(answer, 422, 'invalid-fields')
      expect(answer.body.errors).to.have.lengthOf(2)
    })
    it('a wrong page of a list', async () => {
      for (const query of ['limit=0', 'limit=101', 'limit=x', 'startingAfter=x', 'starting_after=1', 'limit=1&limit=2'])
        expectProblem(await get(`/v1/orders?${query}`), 422, 'invalid-fields')
    })
  })

  it('429: more than the burst, with Retry-After; what is refused costs nothing', async () => {
    const limited = await database.addMerchant({ perMinute: 60, burst: 2 })
    now = Date.now()
    const post = () => api.post(limited, newOrder())
    expect([(await post()).status, (await post()).status]).to.deep.equal([201, 201])
    for (let n = 0; n < 5; n += 1) {
      const refused = await post()
      expectProblem(refused, 429, 'rate-limited')
      expect(refused.headers.get('retry-after')).to.equal('1')
      expect(refused.headers.get('ratelimit')).to.match(/r=0; t=1$/)
    }
    now += 1_000
    expect([(await post()).status, (await post()).status]).to.deep.equal([201, 429])
    expect((await api.post(key, newOrder())).status).to.equal(201)
    now = undefined
  })

  it('HEAD is answered as GET, without a body', async () => {
    const headers = { Authorization: `Bearer ${key}` }
    const { body } = await api.post(key, newOrder())
    for (const path of ['/v1/orders', `/v1/orders/${body.orderId}`]) {
      const [head, got] = [await api.request(path, { method: 'HEAD', headers }), await api.request(path, { headers })]
      expect([head.status, head.text, head.headers.get('content-length')]).to.deep.equal([200, '', String(Buffer.byteLength(got.text))])
    }
  })

  it('every problem that the sources know has a page', async () => {
    const root = new URL('../..', import.meta.url)
    const files = globSync('{ingest-api,platform}/**/*.ts', { cwd: root, exclude: ['**/test/**'] })
    const sources = files.map((file) => readFileSync(new URL(file, root), 'utf8'))
    const slugs = sources.flatMap((source) =>
      [...source.matchAll(/new Problem\(\s*(?:\d{3}|status),\s*'([a-z-]+)'/g)].map(([, slug]) => slug),
    )
    expect(slugs).to.include.members(['rate-limited', 'not-json', 'unavailable', 'order-conflict', 'headers-too-large'])
    for (const slug of new Set(slugs)) {
      const page = await api.request(`/problems/${slug}`)
      expect(page.status, slug).to.equal(200)
      expect(page.headers.get('content-type')).to.match(/^text\/html/)
    }
    expectProblem(await api.request('/problems/toString'), 404, 'not-found')
  })
})
