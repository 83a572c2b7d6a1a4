// Keeps every open run moving: the ledger says what is left, the queue only carries it. So a lost queue loses nothing.
import type { Clock } from '@tally/platform/clock'
import type { Run } from './ledger.ts'
import { openRuns } from './ledger.ts'
import type { Ending } from './ledger-entry.ts'
import { tallied } from './outcome.ts'
import type { Range } from './positions.ts'
import { countPositions, coversRange, cutPositions } from './positions.ts'
import type { Audit } from './start-run.ts'

/** One job: a part of a run, as ranges of positions, never the letters themselves. */
export type Cut = { run: string; dlq: string; cut: number; ranges: Range[] }

export type CutQueue = {
  /** Adds the cut; nothing happens when it is there already. */
  add(cut: Cut): Promise<void>
}

/** Letters in one job after the canary: some seconds' worth, so that what is out without an outcome stays little. */
const cutLetters = ({ rate }: Run): number => Math.min(2_000, Math.max(200, rate * 2))

/** Behind the canary a run stops when this share of its letters failed again, once there are enough to tell. */
const FAILED_SHARE = 0.5
const ENOUGH_LETTERS = 100

export type Next = { cut: Cut } | { ending: Ending }

/** What an open run needs next. */
export function nextOf(run: Run): Next {
  const cuts = cutPositions(run.selection, run.canary, cutLetters(run))
  const cut = cuts.findIndex((ranges) => ranges.some((range) => !coversRange(run.settled, range)))
  if (cut === -1) return { ending: 'done' }
  if (cut === 1 && canaryFailed(run)) return { ending: 'canary-failed' }
  if (mostlyFailed(run)) return { ending: 'mostly-failed' }
  if (run.state === 'cancelling' && !run.sending.has(cut)) return { ending: 'cancelled' }
  return { cut: { run: run.id, dlq: run.dlq, cut, ranges: cuts[cut] ?? [] } }
}

/** Asked when the canary is settled and nothing behind it has gone out yet. */
function canaryFailed({ canary, settled, tally: { outcomes } }: Run): boolean {
  if (canary === 0 || countPositions(settled) !== canary) return false
  return (outcomes['failed-again'] ?? 0) + (outcomes.parked ?? 0) + (outcomes.unknown ?? 0) > 0
}

function mostlyFailed({ tally }: Run): boolean {
  const done = tallied(tally)
  return done >= ENOUGH_LETTERS && (tally.outcomes['failed-again'] ?? 0) >= done * FAILED_SHARE
}

/** Takes every open run one step further. */
export async function driveRuns(audit: Audit, queue: CutQueue, clock: Clock): Promise<void> {
  for (const run of openRuns(await audit.refresh())) {
    if (run.action !== 'replay') continue
    const next = nextOf(run)
    if ('cut' in next) await queue.add(next.cut)
    else await audit.append([{ kind: 'ended', run: run.id, how: next.ending, at: clock.now() }])
  }
}
