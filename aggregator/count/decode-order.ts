// A record of order-events → the order under its event id, or the reason why it can never be counted.
import type { Clock } from '@tally/platform/process/clock'
import { InvalidMessage } from '@tally/platform/process/errors'
import { tsidTime } from '@tally/platform/process/ids'
import { headerOf, type LogRecord } from '@tally/platform/records/record-log'
import { type CountedOrder, type OrderEvent, readEventId, violation } from './order-event.ts'

export type DecodeValue = (value: Buffer | null) => CountedOrder | Promise<CountedOrder>

/** Clocks differ by seconds. An id from further ahead is no time, and would stand in the dedup window for years. */
const MAX_AHEAD_MS = 86_400_000

/** @throws InvalidMessage (`contract-violation`), and whatever `decodeValue` throws */
export function orderDecoder(decodeValue: DecodeValue, clock: Clock): (record: LogRecord) => OrderEvent | Promise<OrderEvent> {
  return (record) => {
    const order = decodeValue(record.value)
    return order instanceof Promise ? order.then((settled) => check(record, settled, clock)) : check(record, order, clock)
  }
}

function check(record: LogRecord, order: CountedOrder, clock: Clock): OrderEvent {
  const text = headerOf(record, 'id')?.toString('latin1')
  if (text === undefined) throw broken('there is no header id, so the event cannot be told from its copies')
  const eventId = readEventId(text)
  if (eventId === undefined) throw broken(`header id ${JSON.stringify(text.slice(0, 40))} is not an event id`)
  if (tsidTime(eventId) > clock.now() + MAX_AHEAD_MS) throw broken(`event id ${eventId} is from the future`)
  const why = violation(order)
  if (why !== undefined) throw broken(why)
  return { eventId, order }
}

const broken = (why: string) => new InvalidMessage('contract-violation', why)
