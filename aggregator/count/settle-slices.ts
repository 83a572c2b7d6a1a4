// What one transaction does with the slices that wait for it: which events count, which were counted before, which are
// refused. Pure: everything the decision rests on is given, everything it changes is in the answer.
import type { DeadLettered, Message, Slice } from '@tally/platform/loop/handler'
import { InvalidMessage, OutOfPosition, RejectedRecords } from '@tally/platform/process/errors'
import { type Cell, newFold } from './bucket.ts'
import { type OrderEvent, readEventId } from './order-event.ts'

export type OrderSlice = Slice<OrderEvent>

/**
 * Where the counts stand. Offsets are next offsets, `oldestId` is the smallest event id inside the dedup window, minutes below `foldedBelow`
 * count into the first minute of their hour.
 */
export type Standing = { nextOffset(partition: number): bigint; oldestId: bigint; foldedBelow?: number }

/** What the store remembers of the ids it was asked about. */
export type Known = {
  /** Counted before. */
  counted: ReadonlySet<bigint>
  /** Dead-lettered by this aggregator and never counted since. */
  deadLettered: ReadonlySet<bigint>
}

export type Place = { eventId: bigint; partition: number; offset: bigint }

export type Settlement = {
  /** Per slice, in the order given: settled, or why nothing of it is applied. */
  outcomes: (undefined | OutOfPosition | RejectedRecords)[]
  positions: Map<number, bigint>
  cells: Cell[]
  /** Events counted now. */
  counted: Place[]
  /** Those of them that had been dead-lettered before. */
  replayed: Place[]
  duplicates: number
  /** Dead letters to be remembered; `counted` when the event was counted from another copy of its record. */
  deadLetters: (Place & { reason: string; counted: boolean })[]
}

/** Every event id the settlement of these slices will ask about. */
export function idsOf(slices: readonly OrderSlice[]): bigint[] {
  const ids: bigint[] = []
  for (const { messages, deadLettered } of slices) {
    for (const { value } of messages) ids.push(value.eventId)
    for (const letter of deadLettered) ids.push(letterId(letter) ?? 0n)
  }
  return ids
}

export function settle(slices: readonly OrderSlice[], standing: Standing, known: Known): Settlement {
  const positions = new Map<number, bigint>()
  const counted = new Map<bigint, Place>()
  const letters: (Place & { reason: string })[] = []
  const fold = newFold(standing.foldedBelow)
  let duplicates = 0

  const outcomes = slices.map((slice) => {
    const { partition } = slice
    const position = positions.get(partition) ?? standing.nextOffset(partition)
    if (slice.from > position) return new OutOfPosition(position)
    if (slice.next <= position) return undefined
    const messages = slice.from === position ? slice.messages : slice.messages.filter(({ record }) => record.offset >= position)
    const faults = tooOld(messages, standing.oldestId, known)
    if (faults.size > 0) return new RejectedRecords(faults)

    positions.set(partition, slice.next)
    for (const { record, value } of messages) {
      if (known.counted.has(value.eventId) || counted.has(value.eventId)) duplicates += 1
      else {
        counted.set(value.eventId, { eventId: value.eventId, partition, offset: record.offset })
        fold.add(value.order)
      }
    }
    for (const letter of slice.deadLettered) {
      const eventId = letterId(letter)
      const { offset } = letter.record
      // Of an id older than the window nobody knows whether it was counted: remembering it would let a replay count it again.
      if (offset >= position && eventId !== undefined && eventId >= standing.oldestId)
        letters.push({ eventId, partition, offset, reason: letter.reason })
    }
    return undefined
  })

  const deadLetters = letters.map((letter) => ({
    ...letter,
    counted: known.counted.has(letter.eventId) || counted.has(letter.eventId),
  }))
  const places = [...counted.values()]
  const replayed = known.deadLettered.size === 0 ? [] : places.filter(({ eventId }) => known.deadLettered.has(eventId))
  return { outcomes, positions, cells: fold.cells(), counted: places, replayed, duplicates, deadLetters }
}

/** Events that may have been counted and forgotten since. One that was dead-lettered here is known not to have been counted. */
function tooOld(messages: readonly Message<OrderEvent>[], oldestId: bigint, known: Known): Map<bigint, InvalidMessage> {
  const faults = new Map<bigint, InvalidMessage>()
  for (const { record, value } of messages) {
    const { eventId } = value
    if (eventId >= oldestId || known.counted.has(eventId) || known.deadLettered.has(eventId)) continue
    const why = `event ${eventId} is older than the dedup window: nobody remembers whether it was counted`
    faults.set(record.offset, new InvalidMessage('older-than-window', why))
  }
  return faults
}

function letterId({ record }: DeadLettered): bigint | undefined {
  return readEventId(record.headers.id?.toString('latin1') ?? '')
}
