// A dead letter: one failed record with its original bytes and headers, and why it failed. Pure.

import { messageOf } from '#process/errors'
import type { DeadLetter } from './failed-record.ts'
import { readForeignLetter } from './foreign-letters.ts'
import type { Headers, LogRecord, NewRecord, RepeatedHeaders, SomeHeaders } from './record-log.ts'
import { headerOf, headersThat } from './record-log.ts'
import { REPLAYS } from './replay-headers.ts'

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
const MAX_MESSAGE_CHARS = 1_000
const BRIEF_MESSAGE_CHARS = 100
const MAX_STACK_CHARS = 4_000

/** Where the group's failed records of a topic go. */
export const deadLetterTopic = (topic: string, group: string): string => `${topic}-${group}-dlq`

/** The record to append to the dead letter topic. A replayed record keeps its count of replays. */
export function deadLetterOf(record: LogRecord, { reason, error, attempts, group, failedAt, brief = false }: Failure): NewRecord {
  const { key, value, topic, partition, offset } = record
  const { headers, repeatedHeaders } = headersThat(record, isOriginal)
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
    // Of a record of anybody's it may be anything, and then its letter would be none.
    [REPLAYS]: isWhole(headerOf(record, REPLAYS)) ? String(headerOf(record, REPLAYS)) : '0',
  }
  const ownBytes = Object.fromEntries(Object.entries(own).map(([name, text]) => [name, Buffer.from(text)]))
  return {
    key,
    value,
    headers: { ...headers, ...ownBytes },
    ...(repeatedHeaders && { repeatedHeaders }),
  }
}

/** Reads a letter back, also one of Kafka Connect or Spring Kafka; undefined when the record is none. */
export function readDeadLetter(record: LogRecord): DeadLetter | undefined {
  // In one pass over the names: it is most of what reading a letter costs.
  let found = 0
  const original = headersThat(record, (name) => {
    const place = PLACE.indexOf(name)
    if (place >= 0) found |= 1 << place
    return place < 0 && isOriginal(name)
  })
  return found === ALL && noNumberIn(record) === undefined ? new OwnLetter(record, original) : readForeignLetter(record)
}

/** The first of a letter's own headers that is to be a whole number and is none; undefined when all are that are there. */
export function noNumberIn(record: Pick<LogRecord, 'headers' | 'header'>): string | undefined {
  for (const name of NUMBERS) {
    const bytes = headerOf(record, name)
    if (bytes !== undefined && !isWhole(bytes)) return name
  }
  return undefined
}

const NUMBERS = ['dlq.partition', 'dlq.offset', 'dlq.attempts', REPLAYS]

/** By its bytes: plans ask it of letters by the million. */
function isWhole(text: Buffer | null | undefined): boolean {
  if (!text || text.length === 0 || text.length > MAX_DIGITS) return false
  for (let at = 0; at < text.length; at += 1) if ((text[at] as number) < ZERO || (text[at] as number) > NINE) return false
  return true
}

const MAX_DIGITS = 19
const [ZERO, NINE] = [0x30, 0x39]

/** Without one of these it is no letter of ours. */
const PLACE = ['dlq.topic', 'dlq.partition', 'dlq.offset', 'dlq.group']
const ALL = (1 << PLACE.length) - 1
const isOriginal = (name: string) => !name.startsWith(OWN_PREFIX)

/** What is in it is made when it is asked for: of letters by the million most is not. */
class OwnLetter implements DeadLetter {
  readonly #record: LogRecord
  readonly headers: Headers
  readonly repeatedHeaders: RepeatedHeaders | undefined

  constructor(record: LogRecord, { headers, repeatedHeaders }: SomeHeaders) {
    this.#record = record
    this.headers = headers
    this.repeatedHeaders = repeatedHeaders
  }

  #text(name: string): string | undefined {
    return headerOf(this.#record, name)?.toString()
  }
  get key(): Buffer | null {
    return this.#record.key
  }
  get value(): Buffer | null {
    return this.#record.value
  }
  get topic(): string {
    return this.#text('dlq.topic') ?? ''
  }
  get partition(): number {
    return Number(this.#text('dlq.partition'))
  }
  get offset(): bigint {
    return BigInt(this.#text('dlq.offset') ?? 0)
  }
  get group(): string {
    return this.#text('dlq.group') ?? ''
  }
  get reason(): string {
    return this.#text('dlq.reason') ?? 'unknown'
  }
  get exception(): string {
    return this.#text('dlq.exception') ?? 'unknown'
  }
  get message(): string {
    return this.#text('dlq.message') ?? ''
  }
  get attempts(): number {
    return Number(this.#text('dlq.attempts') ?? 1)
  }
  get failedAt(): number {
    return Date.parse(this.#text('dlq.failed-at') ?? '') || 0
  }
  get replays(): number {
    return Number(this.#text(REPLAYS) ?? 0)
  }
}
