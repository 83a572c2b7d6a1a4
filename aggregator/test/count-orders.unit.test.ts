import { expect } from 'chai'
import { countOrders } from '../src/count-orders.ts'
import type { OrderEvent } from '../src/order-event.ts'
import { memoryCounts } from './support/memory-counts.ts'
import { event, NOW, slice } from './support/orders.ts'

const HOUR_MS = 3_600_000

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
      logStarts: new Map(),
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
