// What the replayer needs of the outside, by who gives it: the command and the worker share these, letters/, plan/ and ledger/.
import type { Bounds, LogRecord, NewRecord } from '@tally/platform/records/record-log'
import type { Ends, Entry } from '#ledger/entry'
import type { Ledger } from '#ledger/ledger'
import type { Dlq, Letter, Replay } from '#letters/letter'
import type { Place, Range } from '#letters/positions'

export type Audit = {
  /** Resolves once the entries are acknowledged. */
  append(entries: Entry[]): Promise<void>
  /** Reads up to the topic's present end; the same object every time, changed by nobody else. */
  refresh(): Promise<Ledger>
  /** The same object as it is: what was appended some milliseconds ago may not be in it. */
  latest(): Ledger
}

export type LetterReader = {
  bounds(dlq: Dlq): Promise<Map<number, Bounds>>
  /** How long the queue keeps a letter; undefined: without limit. */
  retentionMs?(dlq: Dlq): Promise<number | undefined>
  /** The letters of the ranges that are still kept, by partition and offset; a stream, so any number fits into memory. */
  read(dlq: Dlq, ranges: Range[]): AsyncIterable<Letter>
}

export type Replays = {
  /** Writes with acks=all; resolves once every record is acknowledged, with where each of them lies. */
  append(topic: string, records: NewRecord[]): Promise<Place[]>
  bounds(topic: string): Promise<Map<number, Bounds>>
  /** Positions (`partition/offset`) of the letters of the run that were written to the topic since these ends, and where each lies there. */
  sentSince(topic: string, ends: Ends, run: string): Promise<Map<string, Place>>
  /** Whether the topic is compacted. @throws Unavailable */
  isCompacted(topic: string): Promise<boolean>
  /** The last record of each of the keys (see keyMark) at or behind these offsets that no run wrote, but those at the places left out. */
  newestOf(topic: string, since: Ends, keys: ReadonlySet<string>, except: ReadonlySet<string>): Promise<Map<string, LogRecord>>
  /** What lies at these places, by `partition/offset`, of what was replayed by any run. */
  replaysAt(topic: string, places: Place[]): Promise<Map<string, Replay>>
}

export type Consumers = {
  /** How many consumers the group has. @throws Unavailable */
  members(group: string): Promise<number>
}

export type Outcomes = {
  /** The group's next offsets on the topic; a partition it never committed is not in it. */
  committed(group: string, topic: string): Promise<Ends>
  /** The records of the topic from which the group counted an event, as far as it still knows. Null: it keeps no such record. @throws Unavailable */
  countedOf(group: string, records: Range[]): Promise<Range[] | null>
  /** From which record of the topic the group counted each of those of the events that it did. Null: the group keeps no such record. @throws Unavailable */
  countedAt(group: string, eventIds: readonly string[]): Promise<Map<string, Place> | null>
}

export type Terminal = {
  /** Somebody is there to be asked. */
  interactive: boolean
  out(text: string): void
  /** Progress and refusals: not part of the answer. */
  note(text: string): void
  /** Writes over the last text that was given here; empty: takes it away. Only when interactive. */
  over(text: string): void
  ask(question: string): Promise<string>
  /** Said before the command ends when somebody presses Ctrl-C from now on. */
  onInterrupt(text: string): void
}
