// A dead letter as the replayer sees it: where it lies, what failed where and why, and its original bytes.

import type { Headers, LogRecord, NewRecord, RepeatedHeaders } from '@tally/platform/records/record-log'
import { headerOf, headersThat } from '@tally/platform/records/record-log'
import { REPLAY_GROUP, REPLAY_LETTER, REPLAY_RUN, REPLAYS } from '@tally/platform/records/replay-headers'
import type { Place } from './positions.ts'

/** A dead letter queue: whose failed records of which topic it holds. */
export type Dlq = { name: string; topic: string; group: string; parked: string }

export type Letter = {
  /** The dead letter as it lies in its queue. */
  record: LogRecord
  partition: number
  offset: bigint
  /** When it failed, epoch milliseconds. */
  failedAt: number
  key: Buffer | null
  value: Buffer | null
  /** Every header but the dead letter's own. */
  headers: Headers
  repeatedHeaders?: RepeatedHeaders | undefined
  original: { topic: string; partition: number; offset: bigint }
  group: string
  reason: string
  exception: string
  message: string
  attempts: number
  /** How often it was replayed before. */
  replays: number
}

export const EVENT_ID_HEADER = 'id'
export const STACK_HEADER = 'dlq.stack'

const EVENT_ID = /^[1-9]\d{0,18}$/
const MAX_EVENT_ID = 2n ** 63n - 1n
const MAX_EVENT_ID_LENGTH = 19

/** The event id, where the record names one: a positive 64-bit number. */
export function eventIdOf({ headers }: Pick<Letter, 'headers'>): string | undefined {
  const text = headers[EVENT_ID_HEADER]?.toString()
  if (text === undefined || !EVENT_ID.test(text)) return undefined
  return text.length < MAX_EVENT_ID_LENGTH || BigInt(text) <= MAX_EVENT_ID ? text : undefined
}

/** Where it failed, as the group wrote it; the longest part of a letter, and only plans ask for it. */
export const stackOf = ({ record }: Letter): Buffer | undefined => headerOf(record, STACK_HEADER) ?? undefined

export const keyText = ({ key }: Letter): string | undefined => key?.toString()

/** Schema id of the framed value; undefined when the value is not framed. */
export function schemaIdOf({ value }: Letter): number | undefined {
  return value !== null && value.length >= 5 && value[0] === 0 ? value.readInt32BE(1) : undefined
}

/** `partition/offset`: how a letter is named in texts and headers. */
export const positionText = ({ partition, offset }: Place): string => `${partition}/${offset}`

export function placeOf(position: string): Place {
  const [partition = '', offset = ''] = position.split('/')
  return { partition: Number(partition), offset: BigInt(offset) }
}

const isOriginal = (header: string) => !header.startsWith('dlq.') && !header.startsWith('replay.')

/**
 * The record that goes back: same key, value bytes and headers, addressed to the group that failed, or to every group. The letter's
 * position goes with it, so that what becomes of it can be told from everything else in the topic.
 */
export function replayOf(letter: Letter, run: string, toEveryGroup = false): NewRecord {
  const { key, value } = letter
  const { headers, repeatedHeaders } = headersThat({ headers: letter.headers, repeatedHeaders: letter.repeatedHeaders }, isOriginal)
  if (!toEveryGroup) headers[REPLAY_GROUP] = bytesOf(letter.group)
  headers[REPLAY_RUN] = bytesOf(run)
  headers[REPLAY_LETTER] = Buffer.from(positionText(letter))
  headers[REPLAYS] = bytesOf(String(letter.replays + 1))
  return { key, value, headers, ...(repeatedHeaders && { repeatedHeaders }) }
}

/** The last few texts as bytes: the letters of a run have the same ones. */
const texts = new Map<string, Buffer>()
const MOST_TEXTS = 100

function bytesOf(text: string): Buffer {
  const known = texts.get(text)
  if (known !== undefined) return known
  if (texts.size >= MOST_TEXTS) texts.clear()
  const bytes = Buffer.from(text)
  texts.set(text, bytes)
  return bytes
}

/** The record as it lies there. */
export function copyOf({ key, value, headers, repeatedHeaders }: LogRecord): NewRecord {
  return { key, value, headers, ...(repeatedHeaders && { repeatedHeaders }) }
}

/** `letter`: its position in the dead letter queue, `partition/offset`. */
export type Replay = { run: string; letter: string }

/** Which replay the record is, or the letter was made of; undefined: none. */
export function replayIn(record: Pick<LogRecord, 'headers' | 'header'>): Replay | undefined {
  const [run, letter] = [headerOf(record, REPLAY_RUN)?.toString(), headerOf(record, REPLAY_LETTER)?.toString()]
  return run === undefined || letter === undefined ? undefined : { run, letter }
}

/** The same for the same key; undefined for none, since letters without a key are in no order. */
export const keyMark = (key: Buffer | null): string | undefined => key?.toString('latin1')

/** A letter and the mark of its key. */
export type Keyed = { letter: Letter; key: string | undefined }

/** Letters in waves: each wave has at most one letter of a key, the oldest first, so a key's order is kept. */
export function wavesByKey(letters: Letter[]): Keyed[][] {
  const waves: Keyed[][] = []
  const nextWave = new Map<string, number>()
  for (const letter of letters) {
    const key = keyMark(letter.key)
    const wave = key === undefined ? 0 : (nextWave.get(key) ?? 0)
    if (key !== undefined) nextWave.set(key, wave + 1)
    waves[wave] ??= []
    waves[wave].push({ letter, key })
  }
  return waves
}

/** Those that are so, and the others; both in their order. */
export function parted<T>(letters: T[], isSo: (letter: T) => boolean): [T[], T[]] {
  const [so, others]: [T[], T[]] = [[], []]
  for (const letter of letters) (isSo(letter) ? so : others).push(letter)
  return [so, others]
}
