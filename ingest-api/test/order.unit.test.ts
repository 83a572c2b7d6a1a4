import { parseRfc3339 } from '@tally/platform/process/time'
import { expect } from 'chai'
import { acceptOrder, canonicalContent, orderPlaced } from '../orders/order.ts'
import { orderParser, placedAtBounds } from '../orders/order-request.ts'
import { LINE, newOrder } from './orders.ts'

const NOON = parseRfc3339('2026-11-24T12:00:00Z') as bigint
const DAY = 86_400_000_000n
const parse = orderParser(() => ({ earliest: NOON - 7n * DAY, latest: NOON + 300_000_000n }))

/** The faults of a body as `pointer detail`, or none. */
function faults(body: unknown): string[] {
  const parsed = parse(body)
  return parsed.ok ? [] : parsed.faults.map(({ pointer, detail }) => `${pointer} ${detail}`)
}

function request(body: unknown) {
  const parsed = parse(body)
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.faults))
  return parsed.value
}

const withLine = (fields: Record<string, unknown>) => newOrder({ lines: [{ ...LINE, ...fields }] })

describe('an order as it is sent', () => {
  for (const [what, body] of [
    ['without placedAt', newOrder()],
    ['with the smallest values', withLine({ sku: 'x', category: 'y', quantity: 1, unitPriceMinor: 0 })],
    ['with the largest values', newOrder({ lines: Array(100).fill({ ...LINE, quantity: 10_000, unitPriceMinor: 1_000_000_000 }) })],
    ['with names of 64 characters outside the BMP', withLine({ sku: '😀'.repeat(64), category: '日'.repeat(64) })],
    ['with an externalOrderId of 64 printable characters', newOrder({ externalOrderId: ' ~"/\\'.padEnd(64, 'x') })],
    ['just within MAX_ORDER_AGE_DAYS', newOrder({ placedAt: '2026-11-17T12:00:00Z' })],
    ['five minutes ahead', newOrder({ placedAt: '2026-11-24T12:05:00Z' })],
  ] as const) {
    it(`is accepted ${what}`, () => expect(faults(body)).to.deep.equal([]))
  }

  for (const [what, body, ...expected] of [
    ['an empty externalOrderId', newOrder({ externalOrderId: '' }), '/externalOrderId must be 1 to 64 printable ASCII characters'],
    [
      'an externalOrderId of 65',
      newOrder({ externalOrderId: 'x'.repeat(65) }),
      '/externalOrderId must be 1 to 64 printable ASCII characters',
    ],
    [
      'an externalOrderId with a line end',
      newOrder({ externalOrderId: 'x\n' }),
      '/externalOrderId must be 1 to 64 printable ASCII characters',
    ],
    ['a currency of the past', newOrder({ currency: 'DEM' }), '/currency must be an ISO 4217 code in use, such as USD'],
    ['no lines', newOrder({ lines: [] }), '/lines must have 1 to 100 lines'],
    ['101 lines', newOrder({ lines: Array(101).fill(LINE) }), '/lines must have 1 to 100 lines'],
    ['a quantity of 0', withLine({ quantity: 0 }), '/lines/0/quantity must be a whole number from 1 to 10000'],
    ['a quantity of 10 001', withLine({ quantity: 10_001 }), '/lines/0/quantity must be a whole number from 1 to 10000'],
    ['half a unit', withLine({ quantity: 0.5 }), '/lines/0/quantity must be a whole number from 1 to 10000'],
    ['a price below 0', withLine({ unitPriceMinor: -1 }), '/lines/0/unitPriceMinor must be a whole number from 0 to 1000000000'],
    [
      'a price over the limit',
      withLine({ unitPriceMinor: 1e9 + 1 }),
      '/lines/0/unitPriceMinor must be a whole number from 0 to 1000000000',
    ],
    ['a price beyond 2^53', withLine({ unitPriceMinor: 2 ** 60 }), '/lines/0/unitPriceMinor must be a whole number from 0 to 1000000000'],
    ['a name of 65 characters', withLine({ sku: 'x'.repeat(65) }), '/lines/0/sku must have 1 to 64 characters'],
    ['no name', withLine({ category: undefined }), '/lines/0/category is required'],
    ['null for a name', withLine({ category: null }), '/lines/0/category must be a string'],
    ['a NUL in a name', withLine({ sku: 'a\u0000' }), '/lines/0/sku must not contain control characters'],
    ['a lone surrogate in a name', withLine({ sku: 'a\ud800' }), '/lines/0/sku must not contain a lone surrogate'],
    ['a time that is too old', newOrder({ placedAt: '2026-11-17T11:59:59.999Z' }), '/placedAt must not be before 2026-11-17T12:00:00Z'],
    ['a time before 1970', newOrder({ placedAt: '0001-01-01T00:00:00Z' }), '/placedAt must not be before 2026-11-17T12:00:00Z'],
    ['a time before year 0', newOrder({ placedAt: '0000-01-01T00:00:00+23:59' }), '/placedAt must not be before 2026-11-17T12:00:00Z'],
    ['a time that is ahead', newOrder({ placedAt: '2026-11-24T12:05:00.001Z' }), '/placedAt must not be after 2026-11-24T12:05:00Z'],
    ['a day for a time', newOrder({ placedAt: '2026-11-24' }), '/placedAt must be an RFC 3339 time, such as 2026-11-24T08:00:00Z'],
    ['null for a time', newOrder({ placedAt: null as never }), '/placedAt must be a string'],
    ['unknown fields', { ...withLine({ colour: 1 }), 'a~/b': 1 }, '/lines/0/colour is not a known field', '/a~0~1b is not a known field'],
    ['a __proto__ of its own', JSON.parse(JSON.stringify(newOrder()).replace('{', '{"__proto__":{},')), '/__proto__ is not a known field'],
    ['null', null, ' must be an object'],
  ] as const) {
    it(`is refused with ${what}`, () => expect(faults(body)).to.deep.equal(expected))
  }

  it('is refused with a time before 1970, however old it may be: such an order could not be counted', () => {
    const parseOld = orderParser(placedAtBounds({ now: () => Number(NOON / 1000n) }, 36_500))
    const parsed = parseOld(newOrder({ placedAt: '1969-12-31T23:59:59.999999Z' }))
    expect(parsed.ok ? [] : parsed.faults).to.deep.equal([{ pointer: '/placedAt', detail: 'must not be before 1970-01-01T00:00:00Z' }])
    expect(parseOld(newOrder({ placedAt: '1970-01-01T00:00:00Z' }))).to.include({ ok: true })
  })

  it('has not more than 1 000 faults to tell', () => {
    const unknown = Object.fromEntries(Array.from({ length: 5_000 }, (_, n) => [`field${n}`, 1]))
    expect(faults({ ...newOrder(), ...unknown })).to.have.lengthOf(1_000)
  })
})

describe('the canonical content of an order', () => {
  const order = newOrder({ placedAt: '2026-11-24T11:00:00Z', lines: [LINE, { ...LINE, quantity: 3 }] })
  const content = (body: unknown) => canonicalContent(request(body))

  it('is the same for fields in another order, other spellings of numbers and of the time', () => {
    const text = `{"lines":[{"quantity":2.0,"unitPriceMinor":19990,"category":"Chairs","sku":"FUR-CH-100"},
      {"quantity":3e0,"unitPriceMinor":1999e1,"category":"Ch\\u0061irs","sku":"FUR-CH-100"}],
      "placedAt":"2026-11-24T12:00:00.000+01:00","currency":"USD","externalOrderId":"${order.externalOrderId}"}`
    expect(content(JSON.parse(text))).to.equal(content(order))
  })

  for (const [what, other] of [
    ['another currency', { ...order, currency: 'EUR' }],
    ['no time', { ...order, placedAt: undefined }],
    ['a microsecond later', { ...order, placedAt: '2026-11-24T11:00:00.000001Z' }],
    ['lines the other way round', { ...order, lines: order.lines.toReversed() }],
    ['a line less', { ...order, lines: [LINE] }],
    ['names that join to the same text', { ...order, lines: [{ ...LINE, sku: 'FUR-CH-100C', category: 'hairs' }, order.lines[1]] }],
  ] as const) {
    it(`is another with ${what}`, () => expect(content(other)).to.not.equal(content(order)))
  }
})

describe('an accepted order', () => {
  it('adds up without loss at the limits', () => {
    const largest = { ...LINE, quantity: 10_000, unitPriceMinor: 1_000_000_000 }
    const order = acceptOrder(request(newOrder({ lines: Array(100).fill(largest) })), 1n, 2n, NOON)
    expect(order.totalMinor).to.equal(1e15)
    expect(orderPlaced(order).totalMinor).to.equal(10n ** 15n)
  })

  it('was placed when it is accepted, unless it says when', () => {
    expect(acceptOrder(request(newOrder()), 1n, 2n, NOON).placedAt).to.equal(NOON)
    expect(acceptOrder(request(newOrder({ placedAt: '2026-11-24T11:00:00Z' })), 1n, 2n, NOON).placedAt).to.equal(NOON - DAY / 24n)
  })
})
