import { gzipSync } from 'node:zlib'
import { expect } from 'chai'
import { holdsNoMoreThan } from './heap.ts'
import { LINE, newOrder } from './orders.ts'
import { talkTo } from './raw-http.ts'
import { expectProblemBody } from './spec.ts'
import type { TestApi } from './test-api.ts'
import { startApi } from './test-api.ts'
import type { TestDatabase } from './test-database.ts'
import { createTestDatabase } from './test-database.ts'

const nested = (open: string, depth: number, inside: string, close: string) => open.repeat(depth) + inside + close.repeat(depth)
const order = (fields: string, lines = JSON.stringify([LINE])) => `{"externalOrderId":"x-1","currency":"USD","lines":${lines}${fields}}`
const line = (fields: string) => order('', `[{"sku":"a","category":"b",${fields}}]`)

/** What is sent, and the status and type of what comes back. */
const BODIES: [what: string, body: string | Buffer, status: number, type: string][] = [
  ['nothing', '', 400, 'not-json'],
  ['a comment', '{/* */}', 400, 'not-json'],
  ['a key without quotes', '{a:1}', 400, 'not-json'],
  ['a comma too many', order(','), 400, 'not-json'],
  ['UTF-16', Buffer.from(`\ufeff${order('')}`, 'utf16le'), 400, 'not-json'],
  ['overlong UTF-8', Buffer.from([0x22, 0xc0, 0x80, 0x22]), 400, 'not-json'],
  ['a surrogate in UTF-8', Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22]), 400, 'not-json'],
  ['a bare NUL', order(',"a":"\u0000"'), 400, 'not-json'],
  ['a key twice', order(',"currency":"EUR"'), 400, 'repeated-key'],
  ['a key twice in another spelling', order(String.raw`,"c\u0075rrency":"USD"`), 400, 'repeated-key'],
  ['a key twice within a line', line('"quantity":1,"quantity":2,"unitPriceMinor":1'), 400, 'repeated-key'],
  ['arrays as deep as a body can be', nested('[', 32_000, '', ']'), 422, 'invalid-fields'],
  ['objects as deep as a body can be', nested('{"a":', 10_000, '1', '}'), 422, 'invalid-fields'],
  ['lines that are deep', order('', nested('[', 30_000, '', ']')), 422, 'invalid-fields'],
  ['100 000 levels', nested('[', 100_000, '', ']'), 413, 'too-large'],
  ['__proto__', order(',"__proto__":{"currency":"EUR"}'), 422, 'invalid-fields'],
  ['constructor', order(',"constructor":{"prototype":{"currency":"EUR"}}'), 422, 'invalid-fields'],
  ['toString in a line', line('"toString":1,"quantity":1,"unitPriceMinor":1'), 422, 'invalid-fields'],
  ['1e400', line('"quantity":1e400,"unitPriceMinor":1'), 422, 'invalid-fields'],
  ['-1e400', line('"quantity":1,"unitPriceMinor":-1e400'), 422, 'invalid-fields'],
  ['2^53 + 1', line('"quantity":1,"unitPriceMinor":9007199254740993'), 422, 'invalid-fields'],
  ['2^64', line('"quantity":18446744073709551616,"unitPriceMinor":1'), 422, 'invalid-fields'],
  ['a number of 60 000 digits', line(`"quantity":1,"unitPriceMinor":${'9'.repeat(60_000)}`), 422, 'invalid-fields'],
  ['a fraction', line('"quantity":1.0000001,"unitPriceMinor":1'), 422, 'invalid-fields'],
  ['minus zero orders', line('"quantity":-0,"unitPriceMinor":1'), 422, 'invalid-fields'],
  ['numbers as text', line('"quantity":"1","unitPriceMinor":"1"'), 422, 'invalid-fields'],
  ['lone surrogates', line('"quantity":1,"unitPriceMinor":1').replace('"a"', String.raw`"\udc00\ud800"`), 422, 'invalid-fields'],
  ['an escaped NUL', order('').replace('x-1', String.raw`x\u0000`), 422, 'invalid-fields'],
  ['a time of year 999999', order(',"placedAt":"+999999-01-01T00:00:00Z"'), 422, 'invalid-fields'],
  ['10 000 unknown fields', `{${Array.from({ length: 5_000 }, (_, n) => `"k${n}":1`).join()}}`, 422, 'invalid-fields'],
  ['101 lines', order('', JSON.stringify(Array.from({ length: 101 }, () => LINE))), 422, 'invalid-fields'],
]

describe('whatever is sent', () => {
  let database: TestDatabase
  let api: TestApi
  /** Waits but a moment for a request to arrive. */
  let impatient: TestApi
  let key: string

  before(async () => {
    database = await createTestDatabase()
    api = await startApi({ databaseUrl: database.url('tally_api') })
    impatient = await startApi({ databaseUrl: database.url('tally_api'), arrival: { headersMs: 300, requestMs: 600 } })
    key = await database.addMerchant()
  })
  after(async () => {
    await api?.close()
    await impatient?.close()
    await database?.drop()
  })

  const orders = async () => (await database.query<{ n: number }>('select count(*)::int as n from orders'))[0]?.n
  const post = (body: string | Buffer, headers: Record<string, string> = {}, path = '/v1/orders') =>
    api.request(path, {
      method: 'POST',
      body: new Uint8Array(Buffer.from(body)),
      headers: { Authorization: `Bearer ${key}`, 'Content-Type': 'application/json', ...headers },
    })
  const head = (...more: string[]) =>
    ['POST /v1/orders HTTP/1.1', 'Host: tally', `Authorization: Bearer ${key}`, 'Content-Type: application/json', ...more, '', ''].join(
      '\r\n',
    )
  const whole = (body: string) => `${head(`Content-Length: ${Buffer.byteLength(body)}`)}${body}`

  for (const [what, body, status, type] of BODIES) {
    it(`${what} is answered with ${status}, ${type}`, async () => {
      const answer = await post(body)
      expect([answer.status, answer.body.type]).to.deep.equal([status, `/problems/${type}`])
    })
  }

  it('is answered alone as a line of a batch, by the same words', async () => {
    const bodies = BODIES.filter(([, body]) => body.length > 0 && body.length <= 65_536 && !body.includes('\n'))
    const lines = bodies.map(([, body]) => Buffer.concat([Buffer.from(body), Buffer.from('\n')]))
    const good = Buffer.from(JSON.stringify(newOrder()))
    const { text } = await post(Buffer.concat([...lines, good]), { 'Content-Type': 'application/x-ndjson' }, '/v1/orders/batch')
    const answers = text
      .trimEnd()
      .split('\n')
      .map((answer) => JSON.parse(answer))
    expect(answers.at(-1).status).to.equal(201)
    expect(answers.slice(0, -1).map(({ status, problem }) => [status, problem.type])).to.deep.equal(
      bodies.map(([, , status, type]) => [status, `/problems/${type}`]),
    )
  })

  for (const encoding of ['constructor', '__proto__', 'toString', 'zstd', 'gzip, gzip']) {
    it(`in a Content-Encoding of ${encoding}, which there is not, is answered with 415 on both paths`, async () => {
      for (const [path, type] of [
        ['/v1/orders', 'application/json'],
        ['/v1/orders/batch', 'application/x-ndjson'],
      ] as const) {
        const { status, body } = await post(JSON.stringify(newOrder()), { 'Content-Encoding': encoding, 'Content-Type': type }, path)
        expect([status, body.type], path).to.deep.equal([415, '/problems/unsupported-media-type'])
      }
    })
  }

  it('names the keys that stand twice', async () => {
    const { body } = await post(order(',"a":{"b":1,"b":2},"currency":"EUR"'))
    expect(body.errors.map(({ pointer }: { pointer: string }) => pointer)).to.deep.equal(['/a/b', '/currency'])
  })

  describe('as HTTP by hand', () => {
    for (const [what, text, status, type] of [
      ['a request line that is none', 'HELLO\r\n\r\n', 400, 'bad-request'],
      ['a Content-Length that is no number', () => head('Content-Length: many'), 400, 'bad-request'],
      ['a negative Content-Length', () => head('Content-Length: -1'), 400, 'bad-request'],
      ['two lengths', () => head('Content-Length: 2', 'Content-Length: 3'), 400, 'bad-request'],
      ['a length and chunks', () => `${head('Content-Length: 2', 'Transfer-Encoding: chunked')}0\r\n\r\n`, 400, 'bad-request'],
      ['a chunk that is none', () => `${head('Transfer-Encoding: chunked')}zz\r\n`, 400, 'bad-request'],
      ['a request without Host', () => head('Content-Length: 0', 'Connection: close').replace('Host: tally\r\n', ''), 400, 'bad-request'],
      ['an Expect that is unknown', () => head('Content-Length: 0', 'Connection: close', 'Expect: x'), 417, 'expectation-failed'],
      ['headers without an end', () => head(`X-Much: ${'x'.repeat(20_000)}`), 431, 'headers-too-large'],
      ['headers that stop', () => head().slice(0, -2), 408, 'request-timeout'],
      ['a body that stops', () => `${head('Content-Length: 100')}{"a":`, 408, 'request-timeout'],
      ['a body that is cut off', () => ({ end: `${head('Content-Length: 100')}{"a":` }), 400, 'bad-request'],
    ] as const) {
      it(`${what} is answered with ${status}, and the connection ends`, async () => {
        const sent = typeof text === 'string' ? text : text()
        const { port } = status === 408 ? impatient : api
        const answers = await talkTo(port, (socket) => (typeof sent === 'string' ? socket.write(sent) : socket.end(sent.end)))
        expect(answers).to.have.lengthOf(1)
        const [answer] = answers
        expect(answer?.status).to.equal(status)
        expect(answer?.headers.get('x-request-id')).to.be.a('string')
        expect(expectProblemBody(answer?.text ?? '').type).to.equal(`/problems/${type}`)
        expect((await api.request(`/problems/${type}`)).status).to.equal(200)
      })
    }

    it('a request of which a byte comes now and then ends all the same', async () => {
      let dripping: NodeJS.Timeout | undefined
      const answers = await talkTo(impatient.port, (socket) => {
        socket.write(head('Content-Length: 60000'))
        dripping = setInterval(() => socket.write(' '), 20)
      })
      clearInterval(dripping)
      expect(answers.map(({ status }) => status)).to.deep.equal([408])
    })

    it('requests one behind the other are answered in order', async () => {
      const [first, second] = [newOrder(), newOrder()]
      const answers = await talkTo(api.port, (socket) =>
        socket.end([first, second, { ...first, currency: 'EUR' }, '{'].map((body) => whole(JSON.stringify(body))).join('')),
      )
      expect(answers.map(({ status }) => status)).to.deep.equal([201, 201, 409, 422])
      expect(JSON.parse(answers[1]?.text ?? '').externalOrderId).to.equal(second.externalOrderId)
    })

    it('a connection closed for writing behind a whole order still gets its answer, also while its key is being looked up', async () => {
      const unseen = await database.addMerchant()
      const sent = whole(JSON.stringify(newOrder())).replace(key, unseen)
      expect((await talkTo(api.port, (socket) => socket.end(sent)))[0]?.status).to.equal(201)
      const [answer] = await talkTo(api.port, (socket) => socket.end(whole(JSON.stringify(newOrder()))))
      expect(answer?.status).to.equal(201)
    })

    it('a batch that is cut off places none of its orders', async () => {
      const before = await orders()
      const line = `${JSON.stringify(newOrder())}\n`
      const begin = head(`Content-Length: ${line.length * 3}`)
        .replace('/v1/orders', '/v1/orders/batch')
        .replace('/json', '/x-ndjson')
      const [answer] = await talkTo(api.port, (socket) => socket.end(`${begin}${line}${line}`))
      expect(answer?.status).to.equal(400)
      expect(await orders()).to.equal(before)
    })
  })

  it('leaves no memory behind', async () => {
    const bomb = gzipSync(Buffer.alloc(20_000_000, ' '))
    const gzip = { 'Content-Encoding': 'gzip' }
    const bodies = BODIES.filter(([, body]) => body.length < 66_000).map(([, body]) => body)
    async function round(): Promise<void> {
      await Promise.all(bodies.map((body) => post(body)))
      await Promise.all(Array.from({ length: 10 }, () => post(bomb, gzip)))
      await Promise.all([whole('{').slice(0, -1), 'HELLO\r\n\r\n'].map((text) => talkTo(api.port, (socket) => socket.end(text))))
    }
    for (let n = 0; n < 5; n += 1) await round()
    await holdsNoMoreThan(4 * 1024 * 1024, async () => {
      for (let n = 0; n < 25; n += 1) await round()
    })
  })
})
