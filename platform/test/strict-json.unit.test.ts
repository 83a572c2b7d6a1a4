import { expect } from 'chai'
import fc from 'fast-check'
import { parseStrictJson, RepeatedKeys } from '../http/strict-json.ts'

/** The pointers it names, undefined when it parses. */
function repeated(text: string): string[] | undefined {
  try {
    parseStrictJson(text)
    return undefined
  } catch (error) {
    if (error instanceof RepeatedKeys) return error.pointers
    throw error
  }
}

describe('strict JSON', () => {
  it('is what JSON.parse says where no key stands twice', () => {
    fc.assert(fc.property(fc.json(), (text) => void expect(parseStrictJson(text)).to.deep.equal(JSON.parse(text))))
  })

  it('names a key that stands twice, wherever it is and however it is spelt', () => {
    for (const [text, pointers] of [
      ['{"a":1,"a":1}', ['/a']],
      [String.raw`{"a":1,"\u0061":2}`, ['/a']],
      ['{"lines":[{},{"quantity":1,"sku":"x","quantity":2}]}', ['/lines/1/quantity']],
      ['[{"a":{"b":1,"b":2},"a":3,"a":4}]', ['/0/a/b', '/0/a', '/0/a']],
      ['{"__proto__":1,"__proto__":2}', ['/__proto__']],
      ['{"a/b~":1,"a/b~":2}', ['/a~1b~0']],
      ['{"":1,"":2}', ['/']],
      [String.raw`{"a\"":":","a\"":"\\"}`, ['/a"']],
    ] as const)
      expect(repeated(text), text).to.deep.equal(pointers)
  })

  it('takes colons, quotes and braces within strings for text', () => {
    for (const text of [
      String.raw`{"a:":"\":{}[],\\"}`,
      String.raw`["\\",{"a":":\\\""}]`,
      '{"constructor":1,"toString":2,"__proto__":3}',
      '":"',
    ])
      expect(repeated(text), text).to.equal(undefined)
  })

  it('finds any key that is repeated in any value', () => {
    const key = fc.string({ unit: 'binary' })
    fc.assert(
      fc.property(fc.json(), key, fc.json(), (before, name, after) => {
        const quoted = JSON.stringify(name)
        expect(repeated(`[${before},{${quoted}:${before},"x":${after},${quoted}:${after}}]`))
          .to.be.an('array')
          .with.length.greaterThan(0)
      }),
      { numRuns: 40 },
    )
  })

  it('stands any depth and any number of repetitions, and keeps what it names short', () => {
    const deep = 100_000
    expect(repeated(`${'['.repeat(deep)}${']'.repeat(deep)}`)).to.equal(undefined)
    expect(repeated(`${'{"a":'.repeat(deep)}{"b":1,"b":2}${'}'.repeat(deep)}`)?.[0]).to.have.lengthOf(200)
    expect(repeated(`{${'"a":1,'.repeat(10_000)}"a":1}`)).to.have.lengthOf(10)
  })
})
