// What a process leaves for its successor in case it dies: which records it had in hand. Pure.
import type { LogRecord } from '#records/record-log'

/** Offsets [from, next) of one partition. */
export type InHand = { topic: string; partition: number; from: bigint; next: bigint }

/** Records that were in hand when a process died; `deaths` in a row with exactly these and nothing else. */
export type Suspect = InHand & { deaths: number }

export type CrashMark = {
  inHand?: InHand | undefined
  suspect?: Suspect | undefined
  /** Records given up on as `crashed`, with none handled in between. */
  letters: number
}

/** Where the mark is kept: it outlives the process, not the machine. */
export type CrashMarks = {
  /** For people: what to delete to forget it. */
  where: string
  /** What the previous process left; undefined when it stopped in order, or there was none. */
  read(): CrashMark | undefined
  write(mark: CrashMark): void
  clear(): void
}

/** A suspect larger than one record is handled in so many parts. */
const PARTS = 16

/** Whom the mark of a dead process accuses. */
export function suspectOf({ inHand, suspect }: CrashMark): Suspect | undefined {
  if (inHand === undefined) return suspect
  const again = suspect !== undefined && same(inHand, suspect)
  return { ...inHand, deaths: again ? suspect.deaths + 1 : 1 }
}

/** Consecutive records of one partition in parts, such that a death tells more about the suspect than the last one did. */
export function partsOf(records: LogRecord[], suspect: Suspect | undefined): LogRecord[][] {
  const [first] = records
  if (first === undefined || suspect === undefined || !samePlace(first, suspect)) return [records]
  const inside = records.filter(({ offset }) => offset >= suspect.from && offset < suspect.next)
  const parts = [records.filter(({ offset }) => offset < suspect.from)]
  const size = Math.ceil(inside.length / PARTS)
  for (let at = 0; at < inside.length; at += size) parts.push(inside.slice(at, at + size))
  parts.push(records.filter(({ offset }) => offset >= suspect.next))
  return parts.filter(({ length }) => length > 0)
}

/** What is in hand with these records. */
export function inHandOf(records: LogRecord[]): InHand {
  const [first, last] = [records[0] as LogRecord, records.at(-1) as LogRecord]
  return { topic: first.topic, partition: first.partition, from: first.offset, next: last.offset + 1n }
}

/** Whether the records are the suspect, alone. */
export const isAlone = (suspect: Suspect | undefined, inHand: InHand): suspect is Suspect =>
  suspect !== undefined && suspect.next - suspect.from === 1n && same(suspect, inHand)

/** Whether the suspect lies before the offset: it was handled, or is not there any more. */
export const isPast = (suspect: Suspect, { topic, partition, next }: InHand): boolean =>
  samePlace(suspect, { topic, partition }) && suspect.next <= next

const samePlace = (a: { topic: string; partition: number }, b: { topic: string; partition: number }) =>
  a.topic === b.topic && a.partition === b.partition

const same = (a: InHand, b: InHand) => samePlace(a, b) && a.from === b.from && a.next === b.next
