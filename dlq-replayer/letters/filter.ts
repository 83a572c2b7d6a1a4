// Which letters an engineer means.
import type { Dlq, Letter } from './letter.ts'
import { eventIdOf, keyText } from './letter.ts'
import type { Range } from './positions.ts'

/** Everything given must hold; a list is met by any of its entries. */
export type Filter = {
  topics?: string[]
  reasons?: string[]
  eventIds?: string[]
  orderIds?: string[]
  merchants?: string[]
  /** Failed at or after, before; epoch milliseconds. */
  since?: number
  until?: number
  offsets?: Range[]
  /** At most so many letters of each queue, the first by position. */
  max?: number
}

const among = (wanted: string[] | undefined, value: string | undefined) =>
  wanted === undefined || (value !== undefined && wanted.includes(value))

/** Whether letters of the queue can be meant at all; a topic is named by itself or by its dead letter queue. */
export const meansQueue = ({ topics }: Filter, { topic, name }: Dlq): boolean =>
  topics === undefined || topics.includes(topic) || topics.includes(name)

/** Everything but the merchant, which only the decoded value tells, and `max`. */
export function matchesHead(filter: Filter, letter: Letter): boolean {
  return (
    among(filter.reasons, letter.reason) &&
    among(filter.eventIds, eventIdOf(letter)) &&
    among(filter.orderIds, keyText(letter)) &&
    (filter.since === undefined || letter.failedAt >= filter.since) &&
    (filter.until === undefined || letter.failedAt < filter.until) &&
    (filter.offsets === undefined || filter.offsets.some((range) => inRange(range, letter)))
  )
}

const inRange = ({ partition, from, next }: Range, letter: Letter) =>
  letter.partition === partition && from <= letter.offset && letter.offset < next

/** Whether the decoded value is of a wanted merchant; a value nobody can read is of none. */
export function matchesMerchant({ merchants }: Filter, value: unknown): boolean {
  const merchant = typeof value === 'object' && value !== null && 'merchantId' in value ? String(value.merchantId) : undefined
  return among(merchants, merchant)
}
