// Decisions of engineers about letters, with a reason, written down for ever: discarded ones do not come up again, unparked ones do.
import type { Clock } from '@tally/platform/clock'
import type { QueuePlan } from './plan.ts'
import { cutPositions } from './positions.ts'
import type { Audit, Request, StartedRun } from './start-run.ts'
import { startRun } from './start-run.ts'

const LETTERS_PER_ENTRY = 500

/** Settles every selected letter of the plan by the request's action, unless another run is open on the queue. */
export async function settleSelected(plan: QueuePlan, request: Request, audit: Audit, clock: Clock): Promise<StartedRun> {
  const run = await startRun(plan, request, audit, clock)
  if (run.refusedBy !== undefined) return run
  const outcome = request.action === 'unpark' ? ('unparked' as const) : ('discarded' as const)
  for (const ranges of cutPositions(plan.selection, 0, LETTERS_PER_ENTRY)) {
    const letters = ranges.map((range) => ({ ...range, outcome }))
    await audit.append([{ kind: 'settled', run: run.id, dlq: plan.dlq.name, letters, at: clock.now() }])
  }
  await audit.append([{ kind: 'ended', run: run.id, how: 'done', at: clock.now() }])
  await audit.refresh()
  return run
}
