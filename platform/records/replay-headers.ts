// The headers by which a replayed record tells what it is. Anybody can write them, so they prove nothing. Pure.
import type { LogRecord } from './record-log.ts'
import { headerOf } from './record-log.ts'

/** The only group that is to handle the record; without it every group does. */
export const REPLAY_GROUP = 'replay.group'
export const REPLAY_RUN = 'replay.run'
/** Where the dead letter lies in its queue, `partition/offset`. */
export const REPLAY_LETTER = 'replay.letter'
/** How often the record has been replayed, this time included. */
export const REPLAYS = 'dlq.replays'

const LETTER = /^\d+\/\d+$/
const REPLAYED = /^[1-9]\d*$/

/** Whether the record has all headers of a replay, and what they say can be. */
export function isReplay(record: Pick<LogRecord, 'headers' | 'header'>): boolean {
  if (!headerOf(record, REPLAY_RUN)?.length) return false
  return LETTER.test(String(headerOf(record, REPLAY_LETTER))) && REPLAYED.test(String(headerOf(record, REPLAYS)))
}
