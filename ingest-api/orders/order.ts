// An order: what a merchant sent, what was accepted of it, and the event it becomes.
import type { OrderPlaced } from '@tally/schemas/contract/order-placed'

export type OrderLine = { sku: string; category: string; quantity: number; unitPriceMinor: number }

/** What a merchant asks for; times in epoch microseconds. */
export type OrderRequest = { externalOrderId: string; currency: string; placedAt: bigint | undefined; lines: OrderLine[] }

/** An accepted order. `totalMinor` stays below 2^53: 100 lines of 10 000 times 1 000 000 000. */
export type Order = {
  orderId: bigint
  merchantId: bigint
  externalOrderId: string
  currency: string
  placedAt: bigint
  acceptedAt: bigint
  totalMinor: number
  lines: OrderLine[]
}

/** The order a request becomes when accepted now. Without a time of its own it was placed when it is accepted. */
export function acceptOrder(request: OrderRequest, merchantId: bigint, orderId: bigint, acceptedAt: bigint): Order {
  const { externalOrderId, currency, placedAt = acceptedAt, lines } = request
  const totalMinor = lines.reduce((sum, line) => sum + line.quantity * line.unitPriceMinor, 0)
  return { orderId, merchantId, externalOrderId, currency, placedAt, acceptedAt, totalMinor, lines }
}

/**
 * The content of a request in one spelling: two requests with the same text ask for the same thing. A missing placedAt
 * stays missing, so that sending the same request again later is the same.
 */
export function canonicalContent({ currency, placedAt, lines }: OrderRequest): string {
  const rows = lines.map(({ sku, category, quantity, unitPriceMinor }) => [sku, category, quantity, unitPriceMinor])
  return JSON.stringify([currency, placedAt === undefined ? null : String(placedAt), rows])
}

/** The event of an accepted order. */
export function orderPlaced(order: Order): OrderPlaced {
  const { merchantId, totalMinor, lines, ...same } = order
  return {
    ...same,
    merchantId: String(merchantId),
    totalMinor: BigInt(totalMinor),
    lines: lines.map((line) => ({ ...line, unitPriceMinor: BigInt(line.unitPriceMinor) })),
  }
}
