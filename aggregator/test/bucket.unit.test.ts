// Folding orders into minute buckets.
import { expect } from 'chai'
import { type Cell, minuteOf, newFold } from '../count/bucket.ts'
import { line, order } from './support/orders.ts'

const at = (text: string) => BigInt(Date.parse(text)) * 1000n

function folded(...orders: ReturnType<typeof order>[]): Cell[] {
  const fold = newFold()
  for (const one of orders) fold.add(one)
  return fold.cells()
}

const brief = ({ minute, category, currency, orders, units, revenueMinor }: Cell) =>
  `${minute} ${category} ${currency} ${orders}/${units}/${revenueMinor}`

describe('a bucket', () => {
  it('is a half-open minute: its last microsecond is inside, its end is in the next', () => {
    const start = at('2026-11-24T08:00:00Z')
    expect(minuteOf(start)).to.equal(minuteOf(start + 59_999_999n))
    expect(minuteOf(start + 60_000_000n)).to.equal(minuteOf(start) + 1)
  })

  it('sums lines per category and counts the order once in each', () => {
    const one = order({ placedAt: 0n, lines: [line('Chairs', 2, 500n), line('Tables', 1, 9_000n), line('Chairs', 3, 10n)] })
    expect(folded(one).map(brief)).to.deep.equal(['0 Chairs USD 1/5/1030', '0 Tables USD 1/1/9000'])
  })

  it('counts two orders of one category twice, also when their lines alternate between categories', () => {
    const lines = [line('Chairs'), line('Tables'), line('Chairs')]
    expect(folded(order({ placedAt: 0n, lines }), order({ placedAt: 1n, lines })).map(brief)).to.deep.equal([
      '0 Chairs USD 2/8/4000',
      '0 Tables USD 2/4/2000',
    ])
  })

  it('keeps currencies and minutes apart', () => {
    const cells = folded(order({ placedAt: 0n }), order({ placedAt: 0n, currency: 'EUR' }), order({ placedAt: 60_000_000n }))
    expect(cells.map(brief)).to.have.members(['0 Chairs USD 1/2/1000', '0 Chairs EUR 1/2/1000', '1 Chairs USD 1/2/1000'])
  })

  it('keeps every digit of a sum beyond 53 bits', () => {
    const lines = [line('Chairs', 1, 2n ** 60n), line('Chairs', 1, 1n)]
    expect(folded(order({ lines }))[0]?.revenueMinor).to.equal(2n ** 60n + 1n)
  })
})
