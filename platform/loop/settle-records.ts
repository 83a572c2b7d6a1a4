// Settles consecutive records of one partition: decode, dead-letter, handle. What a failure means is decided in work-batch.ts.

import { InvalidMessage, RejectedRecords } from '#process/errors'
import { headerOf, type LogRecord } from '#records/record-log'
import { REPLAY_GROUP } from '#records/replay-headers'
import type { DeadLettered, Handler, Message, Slice } from './consume.ts'

/** Why a record is given up on. */
export type Fault = { reason: string; error: unknown; attempts: number }

export type Settling<T> = {
  group: string
  handler: Handler<T>
  /** Writes letters (those not written yet); resolves once acknowledged. @throws StopProcess */
  deadLetter(faults: Map<LogRecord, Fault>): Promise<void>
  /** Throws when the partition is not ours any more. */
  stillOurs(): void
}

/** Offsets [from, next) of a partition: the records, and the offsets without one before, between and behind them. */
export type Range = Pick<Slice<unknown>, 'topic' | 'partition' | 'from' | 'next' | 'highWatermark'>

export type Settled = { messages: number; ignored: number }

/** What a replay for another group is to this one: nothing. */
function isForOthers(record: LogRecord, group: string): boolean {
  const addressee = headerOf(record, REPLAY_GROUP)
  return addressee != null && addressee.toString() !== group
}

/**
 * Applies all records but the `poison`, which the caller has given up on: the invalid ones are dead-lettered first, the
 * rest is handled as one slice.
 * @throws whatever the handler throws but InvalidMessage and RejectedRecords; then nothing of the records was applied
 */
export async function settleRecords<T>(records: LogRecord[], range: Range, settling: Settling<T>, poison?: Fault): Promise<Settled> {
  const { group, handler, stillOurs } = settling
  const faults = new Map<LogRecord, Fault>()
  const messages: Message<T>[] = []
  let ignored = 0
  for (const record of records) {
    if (isForOthers(record, group)) ignored += 1
    else if (poison) faults.set(record, poison)
    else {
      try {
        const decoding = handler.decode(record)
        messages.push({ record, value: decoding instanceof Promise ? await decoding : decoding })
      } catch (error) {
        if (!(error instanceof InvalidMessage)) throw error
        faults.set(record, { reason: error.reason, error, attempts: 1 })
      }
    }
  }
  for (;;) {
    stillOurs()
    if (faults.size > 0) await settling.deadLetter(faults)
    stillOurs()
    const rejected = await handleSlice(handler, sliceOf(range, messages, faults))
    if (rejected === undefined) return { messages: messages.length - countIn(messages, faults), ignored }
    for (const { record } of messages) {
      const error = rejected.faults.get(record.offset)
      if (error) faults.set(record, { reason: error.reason, error, attempts: 1 })
    }
  }
}

async function handleSlice<T>(handler: Handler<T>, slice: Slice<T>): Promise<RejectedRecords | undefined> {
  try {
    await handler.handle(slice)
    return undefined
  } catch (error) {
    // A rejection that names no record of the slice would be asked again for ever.
    if (error instanceof RejectedRecords && slice.messages.some(({ record }) => error.faults.has(record.offset))) return error
    throw error
  }
}

const countIn = <T>(messages: Message<T>[], faults: Map<LogRecord, Fault>) => messages.filter(({ record }) => faults.has(record)).length

function sliceOf<T>(range: Range, messages: Message<T>[], faults: Map<LogRecord, Fault>): Slice<T> {
  const deadLettered: DeadLettered[] = [...faults].map(([record, { reason }]) => ({ record, reason }))
  return {
    ...range,
    messages: faults.size === 0 ? messages : messages.filter(({ record }) => !faults.has(record)),
    deadLettered: deadLettered.sort((a, b) => (a.record.offset < b.record.offset ? -1 : 1)),
  }
}
