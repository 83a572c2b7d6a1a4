// What can never be counted is told at once, with its reason.
import { InvalidMessage } from '@tally/platform/process/errors'
import type { Headers } from '@tally/platform/records/record-log'
import type { OrderPlaced } from '@tally/schemas/contract/order-placed'
import { expect } from 'chai'
import { minuteOf } from '../count/bucket.ts'
import { orderDecoder } from '../count/decode-order.ts'
import { handClock, idAt, line, NOW, newId, order, record } from './support/orders.ts'

/** Minutes are kept in 32 bits. */
const END = 2n ** 31n * 60_000_000n

const decode = (placed: OrderPlaced, id: string | undefined = String(newId())) => {
  const headers: Headers = id === '' ? {} : { id: Buffer.from(id) }
  return orderDecoder(() => placed, handClock())({ ...record(0n, undefined), headers })
}

const refused = (placed: OrderPlaced, id?: string) => {
  try {
    decode(placed, id)
  } catch (error) {
    return error instanceof InvalidMessage && error.reason === 'contract-violation' ? error.message : error
  }
}

describe('an order event', () => {
  it('is the order under the id of its header', () => {
    const placed = order()
    expect(decode(placed, '123456789012345678')).to.deep.equal({ eventId: 123456789012345678n, order: placed })
  })

  it('may come with a schema that is still to be fetched', async () => {
    const placed = order()
    const decoded = orderDecoder(async () => placed, handClock())(record(0n, 5n))
    expect(await decoded).to.deep.equal({ eventId: 5n, order: placed })
  })

  it('without an id that can be remembered is refused', () => {
    expect(refused(order(), '')).to.contain('no header id')
    for (const id of ['0', '-1', '1.5', '0x10', '01', 'abc', ' 1', '9223372036854775808', '99999999999999999999'])
      expect(refused(order(), id), id).to.contain('is not an event id')
    expect(refused(order(), String(idAt(NOW + 2 * 86_400_000)))).to.contain('from the future')
  })

  it('that breaks the contract is refused, saying where', () => {
    const cases: [Partial<OrderPlaced>, string][] = [
      [{ lines: [] }, 'no lines'],
      [{ lines: [line(), line('Chairs', 0)] }, 'lines/1/quantity'],
      [{ lines: [line('Chairs', -3)] }, 'lines/0/quantity'],
      [{ lines: [line('Chairs', 1, -1n)] }, 'lines/0/unitPriceMinor'],
      [{ lines: [line('')] }, 'lines/0/category'],
      [{ lines: [line('a\0')] }, 'lines/0/category'],
      [{ totalMinor: 999n }, 'totalMinor 999'],
      [{ currency: 'usd' }, 'currency'],
      [{ placedAt: -1n }, 'placedAt'],
      [{ placedAt: END }, 'is not within 1970-01-01T00:00:00Z to 6053-01-23T02:07:59.999999Z'],
      [{ placedAt: 2n ** 62n }, 'placedAt'],
    ]
    for (const [over, why] of cases) expect(refused(order(over)), why).to.contain(why)
  })

  it('may be placed in the last minute that the counts can keep', () => {
    expect(refused(order({ placedAt: END - 1n }))).to.equal(undefined)
    expect(minuteOf(END - 1n)).to.equal(2 ** 31 - 1)
  })

  it('of a free line counts', () => {
    expect(refused(order({ lines: [line('Gifts', 1, 0n)] }))).to.equal(undefined)
  })
})
