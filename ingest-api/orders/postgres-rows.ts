// Rows of the table orders.
import type { Order, OrderLine } from './order.ts'

/** Times are read as microseconds: a JavaScript date has only milliseconds. */
export const ORDER_COLUMNS = `id, merchant_id, external_order_id, currency, total_minor, lines,
  (extract(epoch from placed_at) * 1000000)::bigint as placed_micros, (extract(epoch from accepted_at) * 1000000)::bigint as accepted_micros`

export type OrderRow = {
  id: string
  merchant_id: string
  external_order_id: string
  content_hash: Buffer
  currency: string
  placed_micros: string
  accepted_micros: string
  total_minor: string
  lines: OrderLine[]
}

/** A row as an order. */
export function orderOf(row: Omit<OrderRow, 'content_hash'>): Order {
  return {
    orderId: BigInt(row.id),
    merchantId: BigInt(row.merchant_id),
    externalOrderId: row.external_order_id,
    currency: row.currency,
    placedAt: BigInt(row.placed_micros),
    acceptedAt: BigInt(row.accepted_micros),
    totalMinor: Number(row.total_minor),
    lines: row.lines,
  }
}
