import { readFileSync } from 'node:fs'
import { avroType, encodeFramed } from '@tally/platform/avro/framing'
import type { OrderBucket } from '@tally/schemas/contract/order-bucket'
import type { OrderPlaced } from '@tally/schemas/contract/order-placed'
import { expect } from 'chai'
import { differences, enter, keyOf, type Ledger } from './support/ledger.ts'
import { readOrderBucket, readOrderPlaced } from './support/read-avro.ts'

const schema = (name: string) => readFileSync(new URL(`../schemas/${name}.avsc`, import.meta.url), 'utf8')
const line = (category: string, quantity: bigint, unitPriceMinor: bigint) => ({ category, quantity, unitPriceMinor })
const ledgerOf = (...orders: Parameters<typeof enter>[1][]): Ledger => {
  const ledger: Ledger = new Map()
  for (const order of orders) enter(ledger, order)
  return ledger
}

describe('the books of the chaos tests', () => {
  it('count an order once per category, and all its units and cents', () => {
    const ledger = ledgerOf({ minute: 7, currency: 'USD', lines: [line('a', 2n, 150n), line('b', 1n, 9n), line('a', 1n, 5n)] })
    expect([...ledger]).to.deep.equal([
      ['7|a|USD', { orders: 1n, units: 3n, revenueMinor: 305n }],
      ['7|b|USD', { orders: 1n, units: 1n, revenueMinor: 9n }],
    ])
  })

  it('differ by one cent, by one order and by a bucket that only one of them has, by name', () => {
    const order = { minute: 7, currency: 'USD', lines: [line('a', 2n, 150n)] }
    const [one, cent, more] = [ledgerOf(order), ledgerOf(order), ledgerOf(order, order)]
    cent.set('7|a|USD', { orders: 1n, units: 2n, revenueMinor: 301n })
    const against = (ledger: Ledger) => differences({ name: 'here', ledger: one }, { name: 'there', ledger })
    expect(against(one)).to.deep.equal([])
    expect(against(cent)).to.deep.equal(['7|a|USD revenueMinor: here says 300, there says 301'])
    expect(against(more)).to.have.lengthOf(3)
    expect(against(new Map())).to.have.lengthOf(3)
  })

  it('read Avro off its bytes as the product wrote them', () => {
    const order: OrderPlaced = {
      orderId: 2n ** 62n,
      externalOrderId: 'é-1',
      merchantId: '3',
      currency: 'JPY',
      placedAt: 1_795_528_254_909_123n,
      acceptedAt: 1_795_528_254_909_124n,
      totalMinor: 3_000_000_000_000n,
      lines: [
        { sku: 's', category: 'chairs', quantity: 300, unitPriceMinor: 1_000_000_000n },
        { sku: '', category: 'tables', quantity: 1, unitPriceMinor: 0n },
      ],
    }
    expect(readOrderPlaced(encodeFramed(7, avroType<OrderPlaced>(schema('OrderPlaced')), order))).to.deep.equal({
      minute: 29_925_470,
      currency: 'JPY',
      lines: [line('chairs', 300n, 1_000_000_000n), line('tables', 1n, 0n)],
    })
    const bucket: OrderBucket = {
      bucketStart: 29_925_470n * 60_000_000n,
      category: 'chairs',
      currency: 'JPY',
      orders: 1n,
      units: 300n,
      revenueMinor: 300_000_000_000n,
      revision: 5n,
      asOf: null,
    }
    expect(readOrderBucket(encodeFramed(9, avroType<OrderBucket>(schema('OrderBucket')), bucket))).to.deep.equal({
      key: keyOf(29_925_470, 'chairs', 'JPY'),
      category: 'chairs',
      entry: { orders: 1n, units: 300n, revenueMinor: 300_000_000_000n },
      revision: 5n,
    })
  })

  it('take for no order what is none', () => {
    for (const bytes of [null, Buffer.from('no Avro'), Buffer.from([0, 0, 0, 0, 1, 0xff])])
      expect(readOrderPlaced(bytes)).to.equal(undefined)
  })
})
