// Decisions of engineers about letters, with a reason, written down for ever: discarded ones do not come up again, unparked ones do.
import type { Clock } from '@tally/platform/process/clock'
import { cutPositions } from '#letters/positions'
import type { QueuePlan } from '#plan/plan'
import type { Audit } from '#ports'
import { decideLetters } from './decide-letters.ts'
import type { Request, StartedRun } from './start-run.ts'

const LETTERS_PER_ENTRY = 500

/** Settles every selected letter of the plan by the request's action, unless another run is open on the queue. */
export function settleSelected(plan: QueuePlan, request: Request, audit: Audit, clock: Clock): Promise<StartedRun> {
  const outcome = request.action === 'unpark' ? ('unparked' as const) : ('discarded' as const)
  return decideLetters(plan, request, { audit, clock }, async (settle) => {
    for (const ranges of cutPositions(plan.selection, 0, LETTERS_PER_ENTRY))
      if (!(await settle(ranges.map((range) => ({ ...range, outcome }))))) return false
    return true
  })
}
