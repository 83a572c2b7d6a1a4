// Longs as bigints, and readers of a few fields.
import { expect } from 'chai'
import fc from 'fast-check'
import { avroType, projected } from '../avro/framing.ts'

const LONG = avroType<bigint>('"long"')
const SCHEMA = JSON.stringify({
  ...{ type: 'record', name: 'Parcel' },
  fields: [
    { name: 'id', type: 'long' },
    { name: 'note', type: 'string' },
    {
      name: 'items',
      type: {
        type: 'array',
        items: {
          type: 'record',
          name: 'Item',
          fields: [
            { name: 'name', type: 'string' },
            { name: 'size', type: 'long' },
          ],
        },
      },
    },
  ],
})
type Parcel = { id: bigint; note: string; items: { name: string; size: bigint }[] }

describe('an Avro long', () => {
  it('is read to the last digit, whatever its size and sign', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (value) => LONG.fromBuffer(LONG.toBuffer(value)) === value),
    )
    for (const power of [31n, 52n, 53n, 54n, 62n]) {
      for (const near of [-2n, -1n, 0n, 1n, 2n]) {
        for (const value of [2n ** power + near, -(2n ** power) + near]) expect(LONG.fromBuffer(LONG.toBuffer(value))).to.equal(value)
      }
    }
  })

  it('that ends too early is refused', () => {
    const body = LONG.toBuffer(2n ** 62n)
    for (let length = 0; length < body.length; length += 1) expect(() => LONG.fromBuffer(body.subarray(0, length))).to.throw()
  })
})

describe('a reader of a few fields', () => {
  const writer = avroType<Parcel>(SCHEMA)
  const reader = avroType<{ items: { size: bigint }[] }>(projected(SCHEMA, ['items', 'size']))
  const body = writer.toBuffer({
    id: 2n ** 60n,
    note: 'fragile',
    items: [
      { name: 'cup', size: 7n },
      { name: 'jug', size: -1n },
    ],
  })

  it('skips the others', () => {
    const { items } = reader.fromBuffer(body, reader.createResolver(writer))
    expect(items.map((item) => ({ ...item }))).to.deep.equal([{ size: 7n }, { size: -1n }])
  })

  it('still refuses a body that is cut anywhere', () => {
    const resolver = reader.createResolver(writer)
    for (let length = 0; length < body.length; length += 1) expect(() => reader.fromBuffer(body.subarray(0, length), resolver)).to.throw()
  })
})
