// Dead letter queues and the topics they came from, in Kafka.

import { noNumberIn, readDeadLetter } from '@tally/platform/records/dead-letter'
import type { DeadLetter } from '@tally/platform/records/failed-record'
import { readBatches, readRanges } from '@tally/platform/records/read-ranges'
import type { Headers, LogRecord, RecordLog, RepeatedHeaders } from '@tally/platform/records/record-log'
import { endsOf, rangesBetween } from '#ledger/entry'
import type { Dlq, Letter } from '#letters/letter'
import { keyMark, positionText, type Replay, replayIn } from '#letters/letter'
import type { Place, Positions } from '#letters/positions'
import { addPlaces, positionRanges } from '#letters/positions'
import type { LetterReader, Replays } from '#ports'

/** Any record makes a letter: what is in a dead letter queue is shown, whoever put it there. */
export const letterOf = (dlq: Dlq, record: LogRecord): Letter => new LetterInQueue(dlq, record)

/** What is in it is read when it is asked for: a replay needs little of it, and there are millions. */
class LetterInQueue implements Letter {
  readonly record: LogRecord
  readonly offset: bigint
  readonly #dlq: Dlq
  #read: DeadLetter | null | undefined

  constructor(dlq: Dlq, record: LogRecord) {
    this.#dlq = dlq
    this.record = record
    this.offset = record.offset
  }

  /** Null: nobody's way to write a dead letter. */
  get #letter(): DeadLetter | null {
    if (this.#read === undefined) this.#read = readDeadLetter(this.record) ?? null
    return this.#read
  }
  get partition(): number {
    return this.record.partition
  }
  get key(): Buffer | null {
    return this.record.key
  }
  get value(): Buffer | null {
    return this.record.value
  }
  get headers(): Headers {
    return (this.#letter ?? this.record).headers
  }
  get repeatedHeaders(): RepeatedHeaders | undefined {
    return (this.#letter ?? this.record).repeatedHeaders
  }
  get original(): Letter['original'] {
    if (this.#letter === null) return { topic: this.#dlq.topic, partition: -1, offset: 0n }
    const { topic, partition, offset } = this.#letter
    return { topic, partition, offset }
  }
  get group(): string {
    return this.#letter?.group ?? this.#dlq.group
  }
  get reason(): string {
    return this.#letter?.reason ?? 'not-a-dead-letter'
  }
  get exception(): string {
    return this.#letter?.exception ?? 'none'
  }
  get message(): string {
    if (this.#letter !== null) return this.#letter.message
    const wrong = noNumberIn(this.record)
    return wrong === undefined ? 'has no headers of a dead letter' : `its header ${wrong} is not a whole number`
  }
  get attempts(): number {
    return this.#letter?.attempts ?? 0
  }
  get replays(): number {
    return this.#letter?.replays ?? 0
  }
  get failedAt(): number {
    return this.#letter?.failedAt || this.record.timestamp
  }
}

/** `retention`: how long a topic keeps its records, in milliseconds; undefined: without limit. */
export function kafkaLetters(log: RecordLog, retention: (topic: string) => Promise<number | undefined>): LetterReader {
  return {
    retentionMs: ({ name }) => retention(name),
    bounds: ({ name }) => log.bounds(name),
    async *read(dlq, ranges) {
      for await (const records of readBatches(log, dlq.name, ranges)) for (const record of records) yield letterOf(dlq, record)
    },
  }
}

/** `isCompacted`: whether a topic is. */
export function kafkaReplays(log: RecordLog, isCompacted: Replays['isCompacted']): Replays {
  return {
    isCompacted,
    async newestOf(topic, since, keys, except) {
      const newest = new Map<string, LogRecord>()
      const now = endsOf(await log.bounds(topic))
      // A partition of -1: nobody knows where the records were.
      const ranges = rangesBetween(since, now).filter(({ partition }) => since.has(partition) || since.has(-1))
      for await (const record of readRanges(log, topic, ranges)) {
        const key = keyMark(record.key)
        if (key === undefined || !keys.has(key) || replayIn(record) || except.has(positionText(record))) continue
        newest.set(key, record)
      }
      return newest
    },
    append: (topic, records) => log.append(topic, records),
    bounds: (topic) => log.bounds(topic),
    async sentSince(topic, ends, run) {
      const sent = new Map<string, Place>()
      const now = endsOf(await log.bounds(topic))
      for await (const record of readRanges(log, topic, rangesBetween(ends, now))) {
        const replay = replayIn(record)
        // A write that was tried again lies there twice: the group takes the first.
        if (replay?.run === run && !sent.has(replay.letter)) sent.set(replay.letter, { partition: record.partition, offset: record.offset })
      }
      return sent
    },
    async replaysAt(topic, places) {
      const wanted: Positions = new Map()
      addPlaces(wanted, places)
      const found = new Map<string, Replay>()
      for await (const record of readRanges(log, topic, positionRanges(wanted))) {
        const replay = replayIn(record)
        if (replay) found.set(positionText(record), replay)
      }
      return found
    },
  }
}
