// An order as merchants see it.
import { formatRfc3339 } from '@tally/platform/process/time'
import type { Order } from '#orders/order'

/** The JSON of an order, its fields always in the same order: a repetition is answered with the same bytes. */
export function orderBody({ orderId, externalOrderId, currency, placedAt, acceptedAt, totalMinor, lines }: Order) {
  return {
    orderId: String(orderId),
    externalOrderId,
    currency,
    placedAt: formatRfc3339(placedAt),
    acceptedAt: formatRfc3339(acceptedAt),
    totalMinor,
    lines: lines.map(({ sku, category, quantity, unitPriceMinor }) => ({ sku, category, quantity, unitPriceMinor })),
  }
}
