import { expect } from 'chai'
import { countOrders } from '../count/count-orders.ts'
import type { OrderEvent } from '../count/order-event.ts'
import { memoryCounts } from './support/memory-counts.ts'
import { event, NOW, slice } from './support/orders.ts'

const HOUR_MS = 3_600_000

const ASOF = BigInt(NOW) * 1000n

const RULES = {
  decode: () => event() as OrderEvent,
  clock: { now: () => NOW },
  dedupWindowMs: 8 * 24 * HOUR_MS,
  flushIntervalMs: 0,
}

describe('slices and what comes without any', () => {
  it('in one transaction: a slice that fails fails alone, and the rest is done', async () => {
    for (const slices of [1, 2]) {
      const store = memoryCounts()
      const faults: unknown[] = []
      const counting = countOrders({
        counts: {
          state: store.state,
          transaction: (work) =>
            store.transaction((transaction) =>
              work({
                ...transaction,
                async save(change) {
                  if (change.positions.has(0)) throw new RangeError('it does not fit')
                  await transaction.save(change)
                },
              }),
            ),
        },
        ...RULES,
        onFault: (error) => faults.push(error),
      })
      const handled = Array.from({ length: slices }, (_, partition) => counting.handle(slice(0n, [event()], { partition })))
      counting.aimAt({ asOf: ASOF, ends: new Map() })
      await counting.fold(120)
      const outcomes = await Promise.all(handled.map((one) => one.then(() => 'counted', String)))
      expect(outcomes).to.deep.equal(['RangeError: it does not fit', 'counted'].slice(0, slices))
      expect(faults).to.deep.equal([])
      expect(counting.state()).to.deep.include({ asOf: ASOF, foldedBelow: 120 })
    }
  })

  it('fails as a whole where the fault is not in a slice', async () => {
    const faults: unknown[] = []
    const counting = countOrders({
      counts: { state: memoryCounts().state, transaction: () => Promise.reject(new RangeError('of the file')) },
      ...RULES,
      onFault: (error) => faults.push(error),
    })
    const handled = counting.handle(slice(0n, [event()]))
    counting.aimAt({ asOf: ASOF, ends: new Map() })
    expect(await handled.catch(String)).to.equal('RangeError: of the file')
    expect(faults.map(String)).to.deep.equal(['RangeError: of the file'])
  })
})

describe('the rest between small transactions', () => {
  it('never grows by a clock that steps back: neither slices nor wishes for a flush are held up', async () => {
    let now = NOW
    const store = memoryCounts()
    const counting = countOrders({
      counts: {
        state: store.state,
        async transaction(work) {
          const answer = await store.transaction(work)
          now -= HOUR_MS
          return answer
        },
      },
      decode: () => event() as OrderEvent,
      clock: { now: () => now },
      dedupWindowMs: 8 * 24 * HOUR_MS,
      flushIntervalMs: 20,
      onFault: () => {},
    })
    await counting.handle({ ...slice(0n, [event()]), highWatermark: 1n })
    await counting.handle({ ...slice(1n, [event()]), highWatermark: 2n })
    expect(store.positions().get(0)).to.equal(2n)
    counting.aimAt({ asOf: BigInt(NOW) * 1000n, ends: new Map([[0, 2n]]) })
    await counting.drained()
    expect(counting.state().asOf).to.equal(BigInt(NOW) * 1000n)
  })
})
