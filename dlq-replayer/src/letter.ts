// A dead letter as the replayer sees it: where it lies, what failed where and why, and its original bytes.

import type { LogRecord, NewRecord } from '@tally/platform/record-log'

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
  /** Every header but the dead letter's own (`dlq.*`). */
  headers: Record<string, Buffer>
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
export const GROUP_HEADER = 'replay.group'
export const RUN_HEADER = 'replay.run'
export const LETTER_HEADER = 'replay.letter'
export const REPLAYS_HEADER = 'dlq.replays'

const EVENT_ID = /^\d{1,19}$/

/** The event id, where the record names one. */
export function eventIdOf({ headers }: Letter): string | undefined {
  const text = headers[EVENT_ID_HEADER]?.toString()
  return text !== undefined && EVENT_ID.test(text) ? text : undefined
}

export const keyText = ({ key }: Letter): string | undefined => key?.toString()

/** Schema id of the framed value; undefined when the value is not framed. */
export function schemaIdOf({ value }: Letter): number | undefined {
  return value !== null && value.length >= 5 && value[0] === 0 ? value.readInt32BE(1) : undefined
}

/** `partition/offset`: how a letter is named in texts and headers. */
export const positionText = ({ partition, offset }: { partition: number; offset: bigint }): string => `${partition}/${offset}`

const OWN_HEADERS = /^(dlq|replay)\./

/**
 * The record that goes back: same key, value bytes and headers, addressed to the group that failed. The letter's
 * position goes with it, so that what becomes of it can be told from everything else in the topic.
 */
export function replayOf(letter: Letter, run: string): NewRecord {
  const { key, value, record, headers } = letter
  return {
    key,
    value,
    headers: {
      ...withoutOwn(headers),
      [GROUP_HEADER]: Buffer.from(letter.group),
      [RUN_HEADER]: Buffer.from(run),
      [LETTER_HEADER]: Buffer.from(positionText(letter)),
      [REPLAYS_HEADER]: Buffer.from(String(letter.replays + 1)),
    },
    ...(record.repeatedHeaders && { repeatedHeaders: withoutOwn(record.repeatedHeaders) }),
  }
}

const withoutOwn = <T>(headers: Record<string, T>): Record<string, T> =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => !OWN_HEADERS.test(name)))

/** The letter as it lies there, for the parked topic. */
export function parkedOf({ record: { key, value, headers, repeatedHeaders } }: Letter): NewRecord {
  return { key, value, headers, ...(repeatedHeaders && { repeatedHeaders }) }
}

/** Letters in waves: each wave has at most one letter of a key, the oldest first, so a key's order is kept. */
export function wavesByKey(letters: Letter[]): Letter[][] {
  const waves: Letter[][] = []
  const nextWave = new Map<string, number>()
  for (const letter of letters) {
    const key = letter.key?.toString('base64')
    const wave = key === undefined ? 0 : (nextWave.get(key) ?? 0)
    if (key !== undefined) nextWave.set(key, wave + 1)
    waves[wave] ??= []
    waves[wave].push(letter)
  }
  return waves
}
