// The TypeScript face of OrderPlaced.avsc; a test holds them equal.

export type OrderLine = { sku: string; category: string; quantity: number; unitPriceMinor: bigint }

/** Times in epoch microseconds, amounts in minor units. */
export type OrderPlaced = {
  orderId: bigint
  externalOrderId: string
  merchantId: string
  currency: string
  placedAt: bigint
  acceptedAt: bigint
  totalMinor: bigint
  lines: OrderLine[]
}
