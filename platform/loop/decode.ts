// The first link that looks into records: bytes become messages, and what can never be read is named with its fault.

import { InvalidMessage } from '#process/errors'
import { headerOf, type LogRecord } from '#records/record-log'
import { REPLAY_GROUP } from '#records/replay-headers'
import type { Fault, Handler, Message } from './handler.ts'

export type Decoded<T> = {
  messages: Message<T>[]
  /** What is to become a dead letter. */
  faults: Map<LogRecord, Fault>
  /** How many are replays for another group. */
  ignored: number
}

/**
 * @param poison why all of these records are given up on, if they are: then none is decoded
 * @throws whatever `decode` throws but InvalidMessage
 */
export async function decodeRecords<T>(
  records: readonly LogRecord[],
  group: string,
  decode: Handler<T>['decode'],
  poison?: Fault,
): Promise<Decoded<T>> {
  const decoded: Decoded<T> = { messages: [], faults: new Map(), ignored: 0 }
  for (const record of records) {
    if (isForOthers(record, group)) decoded.ignored += 1
    else if (poison) decoded.faults.set(record, poison)
    else {
      try {
        const decoding = decode(record)
        decoded.messages.push({ record, value: decoding instanceof Promise ? await decoding : decoding })
      } catch (error) {
        if (!(error instanceof InvalidMessage)) throw error
        decoded.faults.set(record, { reason: error.reason, error, attempts: 1 })
      }
    }
  }
  return decoded
}

/** What a replay for another group is to this one: nothing. */
function isForOthers(record: LogRecord, group: string): boolean {
  const addressee = headerOf(record, REPLAY_GROUP)
  return addressee != null && addressee.toString() !== group
}
