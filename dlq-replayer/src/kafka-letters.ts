// Dead letter queues and the topics they came from, in Kafka.
import { readDeadLetter } from '@tally/platform/dead-letter'
import { readBatches, readRanges } from '@tally/platform/read-ranges'
import type { LogRecord, RecordLog } from '@tally/platform/record-log'
import { endsOf, rangesBetween } from './ledger-entry.ts'
import type { Dlq, Letter } from './letter.ts'
import { LETTER_HEADER, RUN_HEADER } from './letter.ts'
import type { LetterReader } from './plan-replay.ts'
import type { Replays } from './work-cut.ts'

/** Any record makes a letter: what is in a dead letter queue is shown, whoever put it there. */
export function letterOf(dlq: Dlq, record: LogRecord): Letter {
  const { partition, offset, timestamp, key, value, headers } = record
  const place = { record, partition, offset, key, value }
  const letter = readDeadLetter(record)
  if (letter === undefined) {
    const unknown = { exception: 'none', message: 'has no headers of a dead letter', attempts: 0, replays: 0 }
    const original = { topic: dlq.topic, partition: -1, offset: 0n }
    return { ...place, ...unknown, original, headers, group: dlq.group, reason: 'not-a-dead-letter', failedAt: timestamp }
  }
  const { headers: own, group, reason, exception, message, attempts, replays, failedAt } = letter
  const original = { topic: letter.topic, partition: letter.partition, offset: letter.offset }
  // Written out: spreading makes objects that are slow to make and to read, by the million.
  return {
    record,
    partition,
    offset,
    key,
    value,
    headers: own,
    original,
    group,
    reason,
    exception,
    message,
    attempts,
    replays,
    failedAt: failedAt || timestamp,
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

export function kafkaReplays(log: RecordLog): Replays {
  return {
    append: (topic, records) => log.append(topic, records),
    bounds: (topic) => log.bounds(topic),
    async sentSince(topic, ends, run) {
      const sent = new Set<string>()
      const now = endsOf(await log.bounds(topic))
      for await (const { headers } of readRanges(log, topic, rangesBetween(ends, now))) {
        const letter = headers[LETTER_HEADER]?.toString()
        if (letter !== undefined && headers[RUN_HEADER]?.toString() === run) sent.add(letter)
      }
      return sent
    },
  }
}
