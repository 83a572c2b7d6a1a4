// Keeps every open run moving: the ledger says what is left, the queue only carries it. So a lost queue loses nothing.

import type { Clock } from '@tally/platform/process/clock'
import type { Ending } from '#ledger/entry'
import { ALIVE_MS } from '#ledger/going-on'
import type { Run } from '#ledger/ledger'
import { openRuns } from '#ledger/ledger'
import type { Range } from '#letters/positions'
import { countPositions, coversRange, cutPositions } from '#letters/positions'
import type { Audit } from '#ports'
import { endingOf } from './run-brake.ts'

/** One job: a part of a run, as ranges of positions, never the letters themselves. */
export type Cut = { run: string; dlq: string; cut: number; ranges: Range[] }

export type CutQueue = {
  /** Adds the cut; nothing happens when it is there already. */
  add(cut: Cut): Promise<void>
}

/** Letters in one job after the canary. Between jobs nothing is out, which costs up to two seconds; a run is paused, cancelled and taken up again within them. */
const CUT_LETTERS = 250_000

/** One that wrote nothing for so long has died. */
const DEAD_MS = 3 * ALIVE_MS

export type Next = { cut: Cut } | { ending: Ending }

/** What an open run needs next. */
export function nextOf(run: Run): Next {
  const cuts = cutPositions(run.selection, run.canary, CUT_LETTERS)
  const cut = cuts.findIndex((ranges) => ranges.some((range) => !coversRange(run.settled, range)))
  if (cut === -1) return { ending: 'done' }
  if (cut === 1 && canaryUntold(run)) return { ending: 'canary-failed' }
  const ending = endingOf(run, cut)
  if (ending && !run.sending.has(cut)) return { ending }
  if (run.state === 'cancelling' && !run.sending.has(cut)) return { ending: 'cancelled' }
  return { cut: { run: run.id, dlq: run.dlq, cut, ranges: cuts[cut] ?? [] } }
}

/** Of some of the canary nobody knows what became of them, or they were given up on. Asked when nothing behind it has gone out yet. */
function canaryUntold({ canary, settled, tally: { outcomes } }: Run): boolean {
  if (canary === 0 || countPositions(settled) !== canary) return false
  return (outcomes.parked ?? 0) + (outcomes.unknown ?? 0) > 0
}

/** The command itself settles what an engineer decided; one that died in the middle must not keep the queue closed. */
function decisionOf({ state, lastAt }: Run, now: number): Next | undefined {
  return state === 'cancelling' || now - lastAt > DEAD_MS ? { ending: 'cancelled' } : undefined
}

/** Takes every open run one step further, but those that are held: to look at a run of a million letters takes long. */
export async function driveRuns(audit: Audit, queue: CutQueue, clock: Clock, isHeld = (_: Run) => false): Promise<void> {
  for (const run of openRuns(await audit.refresh())) {
    if (isHeld(run)) continue
    const next = run.action === 'replay' ? nextOf(run) : decisionOf(run, clock.now())
    if (next === undefined) continue
    if ('cut' in next) await queue.add(next.cut)
    else await audit.append([{ kind: 'ended', run: run.id, how: next.ending, at: clock.now() }])
  }
}
