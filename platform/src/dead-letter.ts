// A dead letter: one failed record with its original bytes and headers, and why it failed. Pure.
import { messageOf } from './errors.ts'
import { readForeignLetter } from './foreign-letters.ts'
import type { Headers, LogRecord, NewRecord } from './record-log.ts'

/** Original key, value and headers (without the letter's own), where they came from and what went wrong. */
export type DeadLetter = {
  key: Buffer | null
  value: Buffer | null
  headers: Headers
  topic: string
  partition: number
  offset: bigint
  group: string
  reason: string
  exception: string
  message: string
  attempts: number
  /** Epoch milliseconds. */
  failedAt: number
  /** How often it had been replayed before it failed. */
  replays: number
}

export type Failure = {
  reason: string
  error: unknown
  attempts: number
  group: string
  failedAt: number
  /** Where room is short: without a stack trace, and hardly a message. */
  brief?: boolean
}

const OWN_PREFIX = 'dlq.'
const REPLAYS = 'dlq.replays'
const MAX_MESSAGE_CHARS = 1_000
const BRIEF_MESSAGE_CHARS = 100
const MAX_STACK_CHARS = 4_000

/** Where the group's failed records of a topic go. */
export const deadLetterTopic = (topic: string, group: string): string => `${topic}-${group}-dlq`

/** The record to append to the dead letter topic. A replayed record keeps its count of replays. */
export function deadLetterOf(record: LogRecord, { reason, error, attempts, group, failedAt, brief = false }: Failure): NewRecord {
  const { key, value, headers, repeatedHeaders, topic, partition, offset } = record
  const own = {
    'dlq.topic': topic,
    'dlq.partition': String(partition),
    'dlq.offset': String(offset),
    'dlq.group': group,
    'dlq.reason': reason,
    'dlq.exception': error instanceof Error ? error.name : typeof error,
    'dlq.message': messageOf(error).slice(0, brief ? BRIEF_MESSAGE_CHARS : MAX_MESSAGE_CHARS),
    'dlq.stack': brief || !(error instanceof Error) ? '' : (error.stack ?? '').slice(0, MAX_STACK_CHARS),
    'dlq.attempts': String(attempts),
    'dlq.failed-at': new Date(failedAt).toISOString(),
    [REPLAYS]: headers[REPLAYS]?.toString() ?? '0',
  }
  const ownBytes = Object.fromEntries(Object.entries(own).map(([name, text]) => [name, Buffer.from(text)]))
  return {
    key,
    value,
    headers: { ...withoutOwn(headers), ...ownBytes },
    ...(repeatedHeaders && { repeatedHeaders: withoutOwn(repeatedHeaders) }),
  }
}

/** Reads a letter back, also one of Kafka Connect or Spring Kafka; undefined when the record is none. */
export function readDeadLetter(record: LogRecord): DeadLetter | undefined {
  const { key, value, headers } = record
  const text = (name: string) => headers[`${OWN_PREFIX}${name}`]?.toString()
  const [topic, partition, offset, group] = [text('topic'), text('partition'), text('offset'), text('group')]
  if (topic === undefined || partition === undefined || offset === undefined || group === undefined) return readForeignLetter(record)
  return {
    key,
    value,
    headers: withoutOwn(headers),
    topic,
    partition: Number(partition),
    offset: BigInt(offset),
    group,
    reason: text('reason') ?? 'unknown',
    exception: text('exception') ?? 'unknown',
    message: text('message') ?? '',
    attempts: Number(text('attempts') ?? 1),
    failedAt: Date.parse(text('failed-at') ?? '') || 0,
    replays: Number(text('replays') ?? 0),
  }
}

function withoutOwn<T>(headers: Record<string, T>): Record<string, T> {
  const rest: Record<string, T> = {}
  for (const name in headers) if (!name.startsWith(OWN_PREFIX)) rest[name] = headers[name] as T
  return rest
}
