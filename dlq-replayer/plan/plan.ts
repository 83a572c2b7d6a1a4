// What is in a dead letter queue: letters by cause, when they failed, and a few of each to look at.
import { type Fingerprint, fingerprints } from '#letters/fingerprint'
import type { Dlq, Letter } from '#letters/letter'
import { eventIdOf, keyText, schemaIdOf, stackOf } from '#letters/letter'
import type { Positions } from '#letters/positions'
import { addPositions } from '#letters/positions'

const SAMPLES = 3

export type Sample = { partition: number; offset: bigint; eventId?: string; key?: string; letter: Letter; value: unknown }

export type Cause = {
  reason: string
  exception: string
  schemaId: number | undefined
  stack: Fingerprint | undefined
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
  /** When the oldest open letter was written, and how long the queue keeps what is in it: undefined without limit. */
  oldest: number | undefined
  retentionMs: number | undefined
  causes: Map<string, Cause>
}

export const emptyPlan = (dlq: Dlq, ends: Map<number, bigint>, retentionMs?: number): QueuePlan => ({
  dlq,
  ends,
  selection: new Map(),
  selected: 0,
  others: 0,
  settled: 0,
  unknown: 0,
  oldest: undefined,
  retentionMs,
  causes: new Map(),
})

const fingerprint = fingerprints()

/** Adds a selected letter; returns the cause it was added to. */
export function addLetter(plan: QueuePlan, letter: Letter): Cause {
  addPositions(plan.selection, letter.partition, letter.offset)
  plan.selected += 1
  const { reason, exception, failedAt, attempts, replays, message } = letter
  const schemaId = schemaIdOf(letter)
  const stack = fingerprint(stackOf(letter))
  const key = `${reason}\n${exception}\n${schemaId}\n${stack?.id}`
  const cause = plan.causes.get(key) ?? {
    reason,
    exception,
    schemaId,
    stack,
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

/** Notes an open letter, selected or not. */
export function addOpen(plan: QueuePlan, { record }: Letter): void {
  if (plan.oldest === undefined || record.timestamp < plan.oldest) plan.oldest = record.timestamp
}

/** When the queue deletes its oldest open letter; undefined: it does not. */
export const deletionOf = ({ oldest, retentionMs }: QueuePlan): number | undefined =>
  oldest === undefined || retentionMs === undefined ? undefined : oldest + retentionMs

/** Causes, most letters first. */
export const causesOf = ({ causes }: QueuePlan): Cause[] => [...causes.values()].sort((a, b) => b.letters - a.letters)
