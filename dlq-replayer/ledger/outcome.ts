// How a letter ends, and what that makes of a run.
import type { Place, Range } from '#letters/positions'

/**
 * counted: the group counted it now · already-counted: it was counted before, so the replay was ignored · handled: the
 * group passed it without failing, and keeps no record to ask · failed-again: it is a new letter now · parked: given up
 * on, kept for a human · superseded: a newer record of its key is in the topic, which is compacted, so nothing was sent · discarded: by an engineer's decision · unparked: an engineer's decision too; it is open again · patched: a mended copy stands in its place, as a letter of its own · missing: no longer in the dead letter queue ·
 * settled-earlier: another run had settled it meanwhile · unknown: the group did not get there in time, or nothing tells what became of it; the letter stays open
 */
export const OUTCOMES = [
  'counted',
  'already-counted',
  'handled',
  'superseded',
  'failed-again',
  'parked',
  'discarded',
  'unparked',
  'patched',
  'missing',
  'settled-earlier',
  'unknown',
] as const

export type Outcome = (typeof OUTCOMES)[number]

export type How = { outcome: Outcome; reason?: string }

/** Letters in a row, offsets [from, next), that ended alike. */
export type Settled = Range & How

export const settledAs = ({ partition, offset }: Place, how: How): Settled => ({ partition, from: offset, next: offset + 1n, ...how })

/** Adds a letter, which joins the last ones when it follows them and ended as they did. */
export function addSettled(settled: Settled[], { partition, offset }: Place, how: How): void {
  const last = settled.at(-1)
  const joins = last?.partition === partition && last.next === offset && last.outcome === how.outcome && last.reason === how.reason
  if (last && joins) last.next = offset + 1n
  else settled.push(settledAs({ partition, offset }, how))
}

/** How many letters ended how; failed-again is also kept by reason. */
export type Tally = { outcomes: Partial<Record<Outcome, number>>; reasons: Record<string, number> }

export const emptyTally = (): Tally => ({ outcomes: {}, reasons: {} })

export function addToTally(tally: Tally, { outcome, reason }: How, letters: number): void {
  tally.outcomes[outcome] = (tally.outcomes[outcome] ?? 0) + letters
  if (reason !== undefined && outcome !== 'discarded') {
    const key = `${outcome}: ${reason}`
    tally.reasons[key] = (tally.reasons[key] ?? 0) + letters
  }
}

export const tallied = ({ outcomes }: Tally): number => Object.values(outcomes).reduce((sum, count) => sum + count, 0)

/** Whether the letter never comes up again as open. */
export const isFinal = (outcome: Outcome): boolean => outcome !== 'unknown' && outcome !== 'unparked'

export const EXIT = { done: 0, error: 1, failedAgain: 2, nothingMatched: 3, refused: 4 } as const

/** Exit code of a run that ended so. */
export function exitCodeOf(ended: string, { outcomes }: Tally): number {
  if ((outcomes['failed-again'] ?? 0) + (outcomes.parked ?? 0) > 0) return EXIT.failedAgain
  if (ended !== 'done' || (outcomes.unknown ?? 0) > 0) return EXIT.error
  return EXIT.done
}
