// A run that the command works itself, since it sends nothing: what an engineer decided of letters, written down for ever.
import type { Clock } from '@tally/platform/process/clock'
import { ALIVE_MS, mayGoOn } from '#ledger/going-on'
import type { Settled } from '#ledger/outcome'
import type { QueuePlan } from '#plan/plan'
import type { Audit } from '#ports'
import type { Request, StartedRun } from './start-run.ts'
import { startRun } from './start-run.ts'

/** Writes down what became of letters, waiting while the run is paused; false: it was cancelled, and nothing was written. */
export type Settle = (letters: Settled[]) => Promise<boolean>

/**
 * Starts a run over the plan's letters, unless another one is open on the queue, and ends it when `work` has. `work` says whether it
 * settled all of them: it stops once `settle` answers false.
 */
export async function decideLetters(
  plan: QueuePlan,
  request: Request,
  { audit, clock }: { audit: Audit; clock: Clock },
  work: (settle: Settle, run: StartedRun) => Promise<boolean>,
  aliveMs = ALIVE_MS,
): Promise<StartedRun> {
  const run = await startRun(plan, request, audit, clock)
  if (run.refusedBy !== undefined) return run
  // One that fails is no fault: the next one, or what is settled meanwhile, says the same.
  const sayAlive = () => audit.append([{ kind: 'noted', run: run.id, text: '', at: clock.now() }]).catch(() => {})
  const alive = setInterval(sayAlive, aliveMs)
  const settle: Settle = async (letters) => {
    if (!(await mayGoOn(run.id, { audit }))) return false
    await audit.append([{ kind: 'settled', run: run.id, dlq: plan.dlq.name, letters, at: clock.now() }])
    return true
  }
  try {
    const how = (await work(settle, run)) ? 'done' : 'cancelled'
    await audit.append([{ kind: 'ended', run: run.id, how, at: clock.now() }])
  } finally {
    clearInterval(alive)
  }
  await audit.refresh()
  return run
}
