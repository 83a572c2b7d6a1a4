import { expect } from 'chai'
import { orderParser } from '../orders/order-request.ts'
import { LINE, newOrder } from './orders.ts'
import { describedAs } from './spec.ts'

const parse = orderParser(() => ({ earliest: 0n, latest: 2n ** 63n }))

describe('the described order', () => {
  const isDescribed = describedAs('OrderRequest')

  it('may have exactly the characters that an order may have', () => {
    for (let code = 0; code <= 0xff; code += 1) {
      const order = newOrder({ lines: [{ ...LINE, sku: `a${String.fromCodePoint(code)}b` }] })
      expect(isDescribed(order), `U+${code.toString(16)}`).to.equal(parse(order).ok)
    }
  })
})
