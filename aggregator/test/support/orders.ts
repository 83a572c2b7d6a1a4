// Orders, event ids and slices as the tests need them.
import type { Slice } from '@tally/platform/loop/handler'
import { tsidMint } from '@tally/platform/process/ids'
import type { LogRecord } from '@tally/platform/records/record-log'
import type { OrderLine, OrderPlaced } from '@tally/schemas/contract/order-placed'
import { ORDER_EVENTS } from '@tally/schemas/contract/topics'
import type { OrderEvent } from '../../count/order-event.ts'

export const NOW = Date.parse('2026-11-24T12:00:00Z')

/** A clock that stands until it is moved. */
export const handClock = (at = NOW) => {
  const clock = { at, now: () => clock.at }
  return clock
}

const mint = tsidMint(1, { now: () => NOW - 3_600_000 })
/** Event ids of an hour before NOW, or of another time. */
export const newId = mint
export const idAt = (epochMs: number) => tsidMint(2, { now: () => epochMs })()

export const line = (category = 'Chairs', quantity = 2, unitPriceMinor = 500n): OrderLine => ({
  sku: 'SKU-1',
  category,
  quantity,
  unitPriceMinor,
})

export function order(over: Partial<OrderPlaced> = {}): OrderPlaced {
  const lines = over.lines ?? [line()]
  const placedAt = BigInt(NOW - 3_600_000) * 1000n
  return {
    orderId: 1n,
    externalOrderId: 'x-1',
    merchantId: '1',
    currency: 'USD',
    placedAt,
    acceptedAt: placedAt,
    totalMinor: lines.reduce((sum, { quantity, unitPriceMinor }) => sum + BigInt(quantity) * unitPriceMinor, 0n),
    lines,
    ...over,
  }
}

export const event = (eventId = newId(), over: Partial<OrderPlaced> = {}): OrderEvent => ({ eventId, order: order(over) })

export const record = (offset: bigint, eventId: bigint | undefined, partition = 0): LogRecord => ({
  topic: ORDER_EVENTS,
  partition,
  offset,
  timestamp: NOW,
  key: Buffer.from('1'),
  value: null,
  headers: eventId === undefined ? {} : { id: Buffer.from(String(eventId)) },
})

type Rest = { partition?: number; deadLettered?: { offset: bigint; eventId: bigint | undefined; reason: string }[]; next?: bigint }

/** A slice that starts at `from` and holds one event per offset. */
export function slice(from: bigint, events: OrderEvent[], { partition = 0, deadLettered = [], next }: Rest = {}): Slice<OrderEvent> {
  const messages = events.map((value, index) => ({ record: record(from + BigInt(index), value.eventId, partition), value }))
  const end = next ?? from + BigInt(events.length)
  return {
    topic: ORDER_EVENTS,
    partition,
    from,
    next: end,
    messages,
    deadLettered: deadLettered.map(({ offset, eventId, reason }) => ({ record: record(offset, eventId, partition), reason })),
    highWatermark: end,
  }
}
