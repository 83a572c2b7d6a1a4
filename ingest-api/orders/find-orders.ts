// Reading a merchant's own orders.
import { notFound } from '@tally/platform/http/problem'
import type { Order } from './order.ts'

export type OrderReader = {
  byId(merchantId: bigint, orderId: bigint): Promise<Order | undefined>
  /** Newest first; only orders older than `startingAfter`, if given. */
  list(merchantId: bigint, limit: number, startingAfter: bigint | undefined): Promise<Order[]>
}

const MAX_ID = 2n ** 63n - 1n

/** The id in a path or query; undefined: no order can have it. */
export function parseOrderId(text: string): bigint | undefined {
  const id = /^\d{1,19}$/.test(text) ? BigInt(text) : undefined
  return id !== undefined && id <= MAX_ID ? id : undefined
}

/** One of the merchant's orders; another merchant's is not told apart from none. @throws Problem 404 */
export async function findOrder(reader: OrderReader, merchantId: bigint, orderId: string): Promise<Order> {
  const id = parseOrderId(orderId)
  const order = id === undefined ? undefined : await reader.byId(merchantId, id)
  if (order === undefined) throw notFound(`There is no order ${orderId.slice(0, 40)}.`)
  return order
}

/** One page of the merchant's orders. */
export async function listOrders(reader: OrderReader, merchantId: bigint, limit: number, startingAfter: bigint | undefined) {
  const orders = await reader.list(merchantId, limit + 1, startingAfter)
  return { orders: orders.slice(0, limit), hasMore: orders.length > limit }
}
