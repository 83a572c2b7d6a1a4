// The middle of the chain: decode, dead-letter what is invalid, hand the rest to the service as one slice. The loop and a rebuild share it.
import { RejectedRecords } from '#process/errors'
import type { LogRecord } from '#records/record-log'
import { decodeRecords } from './decode.ts'
import type { Fault, Handler, Message, OffsetRange, Slice } from './handler.ts'

export type Applying<T> = {
  group: string
  handler: Handler<T>
  /** Writes dead letters (those not written yet); resolves once acknowledged. @throws StopProcess */
  deadLetter(faults: Map<LogRecord, Fault>): Promise<void>
  /** Throws REVOKED when the partition is not ours any more. */
  assertOurs(): void
}

export type Applied = { messages: number; ignored: number }

/**
 * Applies the records, but for the `poison` that the caller has given up on: invalid ones are dead-lettered first, the
 * rest is handled as one slice.
 * @throws whatever decoding and handling throw but InvalidMessage and RejectedRecords; then nothing of the records was applied
 */
export async function applyRecords<T>(records: LogRecord[], range: OffsetRange, applying: Applying<T>, poison?: Fault): Promise<Applied> {
  const { group, handler, deadLetter, assertOurs } = applying
  const { messages, faults, ignored } = await decodeRecords(records, group, handler.decode, poison)
  for (;;) {
    assertOurs()
    if (faults.size > 0) await deadLetter(faults)
    assertOurs()
    const slice = sliceOf(range, messages, faults)
    const rejected = await handle(handler, slice)
    if (rejected === undefined) return { messages: slice.messages.length, ignored }
    for (const { record } of messages) {
      const error = rejected.faults.get(record.offset)
      if (error) faults.set(record, { reason: error.reason, error, attempts: 1 })
    }
  }
}

/** What the handler rejects of the slice, if anything. */
async function handle<T>(handler: Handler<T>, slice: Slice<T>): Promise<RejectedRecords | undefined> {
  try {
    await handler.handle(slice)
    return undefined
  } catch (error) {
    // A rejection that names no record of the slice would be asked again for ever.
    if (error instanceof RejectedRecords && slice.messages.some(({ record }) => error.faults.has(record.offset))) return error
    throw error
  }
}

function sliceOf<T>(range: OffsetRange, messages: Message<T>[], faults: Map<LogRecord, Fault>): Slice<T> {
  const deadLettered = [...faults].map(([record, { reason }]) => ({ record, reason }))
  return {
    ...range,
    messages: faults.size === 0 ? messages : messages.filter(({ record }) => !faults.has(record)),
    deadLettered: deadLettered.sort((a, b) => (a.record.offset < b.record.offset ? -1 : 1)),
  }
}
