// Orders wait for each other only while a statement is under way, then go out together; each has an outcome of its own.
import { groupCommit } from '@tally/platform/process/group-commit'
import type { IngestMetrics } from '#metrics'
import type { NewOrder, Orders, Placed } from './place-order.ts'

const MAX_ORDERS_PER_FLUSH = 256
const MAX_IN_FLIGHT = 2
/** A statement costs the database as much as some twenty orders: it is worth it when there is work for both. */
const MIN_BESIDE = 128

/** One transaction for all; an Error in place of an outcome concerns that order alone. */
export type Write = (orders: NewOrder[]) => Promise<(Placed | Error)[]>

/** placeOrder's port over flushes. */
export function writeTogether(write: Write, maxWaiting: number, metrics: Pick<IngestMetrics, 'flushOrders' | 'flushSeconds' | 'orders'>) {
  const group = groupCommit<NewOrder, Placed>({
    async flush(orders) {
      metrics.flushOrders.observe(orders.length)
      const stop = metrics.flushSeconds.startTimer()
      try {
        const outcomes = await write(orders)
        for (const placed of outcomes) if (!(placed instanceof Error)) metrics.orders.inc({ outcome: placed.outcome })
        return outcomes
      } finally {
        stop()
      }
    },
    maxItems: MAX_ORDERS_PER_FLUSH,
    maxWaiting,
    maxInFlight: MAX_IN_FLIGHT,
    minBeside: MIN_BESIDE,
  })
  const orders: Orders = { place: group.submit }
  return { orders, waiting: group.waiting, drained: group.drained }
}
