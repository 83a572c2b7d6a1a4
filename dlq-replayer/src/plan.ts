// What is in a dead letter queue: letters by cause, when they failed, and a few of each to look at.
import type { Dlq, Letter } from './letter.ts'
import { eventIdOf, keyText, schemaIdOf } from './letter.ts'
import type { Positions } from './positions.ts'
import { addPositions } from './positions.ts'

const SAMPLES = 3

export type Sample = { partition: number; offset: bigint; eventId?: string; key?: string; letter: Letter; value: unknown }

export type Cause = {
  reason: string
  exception: string
  schemaId: number | undefined
  letters: number
  firstSeen: number
  lastSeen: number
  attempts: { min: number; max: number }
  replays: { min: number; max: number }
  /** Of the first letter. */
  message: string
  samples: Sample[]
}

export type QueuePlan = {
  dlq: Dlq
  /** End offsets when the plan was made: what comes later is not in it. */
  ends: Map<number, bigint>
  selection: Positions
  selected: number
  /** Open, but not meant by the filter. */
  others: number
  /** Replayed, discarded or parked earlier. */
  settled: number
  /** Of the selected: replayed before without a known outcome. */
  unknown: number
  causes: Map<string, Cause>
}

export const emptyPlan = (dlq: Dlq, ends: Map<number, bigint>): QueuePlan => ({
  dlq,
  ends,
  selection: new Map(),
  selected: 0,
  others: 0,
  settled: 0,
  unknown: 0,
  causes: new Map(),
})

/** Adds a selected letter; returns the cause it was added to. */
export function addLetter(plan: QueuePlan, letter: Letter): Cause {
  addPositions(plan.selection, letter.partition, letter.offset)
  plan.selected += 1
  const { reason, exception, failedAt, attempts, replays, message } = letter
  const schemaId = schemaIdOf(letter)
  const key = JSON.stringify([reason, exception, schemaId])
  const cause = plan.causes.get(key) ?? {
    reason,
    exception,
    schemaId,
    letters: 0,
    firstSeen: failedAt,
    lastSeen: failedAt,
    attempts: { min: attempts, max: attempts },
    replays: { min: replays, max: replays },
    message,
    samples: [],
  }
  plan.causes.set(key, cause)
  cause.letters += 1
  cause.firstSeen = Math.min(cause.firstSeen, failedAt)
  cause.lastSeen = Math.max(cause.lastSeen, failedAt)
  widen(cause.attempts, attempts)
  widen(cause.replays, replays)
  return cause
}

function widen(range: { min: number; max: number }, value: number): void {
  range.min = Math.min(range.min, value)
  range.max = Math.max(range.max, value)
}

export const wantsSample = ({ samples }: Cause): boolean => samples.length < SAMPLES

/** Keeps a letter to be shown; `value` is what it decodes to, undefined when nobody can read it. */
export function addSample(cause: Cause, letter: Letter, value: unknown): void {
  const { partition, offset } = letter
  const eventId = eventIdOf(letter)
  const key = keyText(letter)
  cause.samples.push({ partition, offset, ...(eventId && { eventId }), ...(key && { key }), letter, value })
}

/** Causes, most letters first. */
export const causesOf = ({ causes }: QueuePlan): Cause[] => [...causes.values()].sort((a, b) => b.letters - a.letters)
