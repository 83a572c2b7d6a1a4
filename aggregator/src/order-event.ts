// An order event as it is counted: the order under its event id. Says what is wrong with one that breaks the contract.
import type { OrderPlaced } from '@tally/schemas/order-placed'

export type OrderEvent = { eventId: bigint; order: OrderPlaced }

const DECIMAL = /^[1-9]\d{0,18}$/
const MAX_ID = 2n ** 63n - 1n
const CURRENCY = /^[A-Z]{3}$/
/** The last microsecond that RFC 3339 can write: 9999-12-31T23:59:59.999999Z. */
const MAX_TIME = 253_402_300_799_999_999n

/** The event id from the text of header `id`; undefined when it is not a positive 64-bit number in decimal. */
export function readEventId(text: string): bigint | undefined {
  if (!DECIMAL.test(text)) return undefined
  const eventId = BigInt(text)
  return eventId <= MAX_ID ? eventId : undefined
}

/**
 * What makes the order impossible to count, or undefined. Upper limits of lengths, quantities and prices are the API's business:
 * it may raise them without asking here, and sums are checked where they are made.
 */
export function violation(order: OrderPlaced): string | undefined {
  if (!CURRENCY.test(order.currency)) return `currency ${JSON.stringify(order.currency)} is not an ISO 4217 code`
  if (order.placedAt < 0n || order.placedAt > MAX_TIME) return `placedAt ${order.placedAt} is not within the years 1970 to 9999`
  if (order.lines.length === 0) return 'the order has no lines'
  let total = 0n
  for (const [index, { category, quantity, unitPriceMinor }] of order.lines.entries()) {
    if (category === '' || category.includes('\0')) return `lines/${index}/category is empty or holds a NUL`
    if (quantity < 1) return `lines/${index}/quantity ${quantity} is less than 1`
    if (unitPriceMinor < 0n) return `lines/${index}/unitPriceMinor ${unitPriceMinor} is negative`
    total += BigInt(quantity) * unitPriceMinor
  }
  if (total !== order.totalMinor) return `totalMinor ${order.totalMinor} is not the sum of the lines, ${total}`
  return undefined
}
