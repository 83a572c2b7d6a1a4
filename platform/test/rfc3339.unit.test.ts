import { expect } from 'chai'
import fc from 'fast-check'
import { formatRfc3339, parseRfc3339 } from '../process/time.ts'

describe('RFC 3339 times', () => {
  for (const [text, iso] of [
    ['2026-11-24T08:00:00Z', '2026-11-24T08:00:00Z'],
    ['2026-11-24t08:00:00z', '2026-11-24T08:00:00Z'],
    ['2026-11-24T08:00:00.5Z', '2026-11-24T08:00:00.500Z'],
    ['2026-11-24T08:00:00.123456789Z', '2026-11-24T08:00:00.123456Z'],
    ['2026-11-24T01:30:00+02:00', '2026-11-23T23:30:00Z'],
    ['2026-11-24T23:30:00-01:30', '2026-11-25T01:00:00Z'],
    ['2024-02-29T00:00:00Z', '2024-02-29T00:00:00Z'],
    ['1969-12-31T23:59:59.999999Z', '1969-12-31T23:59:59.999999Z'],
    ['0001-01-01T00:00:00Z', '0001-01-01T00:00:00Z'],
  ] as const) {
    it(`reads ${text}`, () => {
      const micros = parseRfc3339(text)
      expect(micros).to.be.a('bigint')
      expect(formatRfc3339(micros as bigint)).to.equal(iso)
    })
  }

  for (const text of [
    '',
    '2026-11-24',
    '2026-11-24T08:00Z',
    '2026-11-24T08:00:00',
    '2026-11-24 08:00:00Z',
    '2026-13-01T00:00:00Z',
    '2026-02-29T00:00:00Z',
    '2026-11-31T00:00:00Z',
    '2026-11-24T24:00:00Z',
    '2026-11-24T08:60:00Z',
    '2026-11-24T08:00:60Z',
    '2026-11-24T08:00:00+24:00',
    '2026-11-24T08:00:00+0200',
    '2026-11-24T08:00:00.Z',
    ' 2026-11-24T08:00:00Z',
    '+002026-11-24T08:00:00Z',
  ]) {
    it(`refuses ${JSON.stringify(text)}`, () => {
      expect(parseRfc3339(text)).to.equal(undefined)
    })
  }

  it('reads what it writes', () => {
    const first = parseRfc3339('0000-01-01T00:00:00Z') as bigint
    const last = parseRfc3339('9999-12-31T23:59:59.999999Z') as bigint
    fc.assert(fc.property(fc.bigInt({ min: first, max: last }), (micros) => parseRfc3339(formatRfc3339(micros)) === micros))
  })
})
