// What the outcomes of a run say about going on: how many dead letters may be out, when it ends, when it is paused. Pure.
import type { Run } from '#ledger/ledger'
import type { Outcome, Tally } from '#ledger/outcome'
import { countOf, GOOD, type Recent, sizeOf } from '#ledger/recent'

/** A run stops when this share of the latest failed again or stayed unknown, once there are enough to tell. */
const SHARE = 0.5
const ENOUGH_LETTERS = 100

function isMuch(bad: number, recent: Recent): boolean {
  const all = sizeOf(recent)
  return all >= ENOUGH_LETTERS && bad >= all * SHARE
}

const among = ({ outcomes }: Tally, wanted: readonly Outcome[]) => wanted.reduce((sum, outcome) => sum + (outcomes[outcome] ?? 0), 0)

/**
 * Why the run has to end behind what is out, if it has to. Dead letters that were counted before prove nothing: behind
 * the canary one that fails ends the run, until as many as the canary has were counted or handled now.
 */
export function endingOf({ canary, tally, recent }: Run, cut: number): 'canary-failed' | 'mostly-failed' | undefined {
  const failed = tally.outcomes['failed-again'] ?? 0
  if (cut > 0 && failed > 0 && among(tally, ['counted', 'handled']) < canary) return 'canary-failed'
  return isMuch(countOf(recent, 'failed-again'), recent) ? 'mostly-failed' : undefined
}

/** Why the run has to be paused, if it has to: of too many nobody knows what became of them, so nobody would see them fail. */
export function pauseOf({ recent }: Run): { note: string; why: string } | undefined {
  const [unknown, failed] = [countOf(recent, 'unknown'), countOf(recent, 'failed-again')]
  if (unknown === 0 || !isMuch(unknown + failed, recent)) return undefined
  const all = sizeOf(recent)
  const why = `of the last ${all} dead letters ${unknown} have no known outcome and ${failed} failed again. See that the group runs and that its counts answer, then RESUME=1`
  return { note: `${unknown} of last ${all} unknown`, why }
}

/** Dead letters that may be out without an outcome, at least: those of a run that just begins. */
const FIRST_OUT = 100
/** At most, whatever `MAX_LAG` is. The limit of replays in platform/policy.ts is no less. */
const MAX_OUT = 20_000

/** How many may be out: as many as went well before, and no more than the group may be behind. A run that fails shows it early. */
export function mostOut({ tally }: Run, maxLag: bigint): number {
  const good = among(tally, GOOD)
  return Math.max(1, Math.min(MAX_OUT, Number(maxLag), Math.max(FIRST_OUT, good)))
}

/** Dead letters read in one go: no more than may be out. */
export const loadSize = (run: Run, maxLag: bigint): number => Math.min(2_000, mostOut(run, maxLag))
