// Runs in memory, from start to end.

import { systemClock } from '@tally/platform/process/clock'
import { startRun } from '../../command/start-run.ts'
import type { Run } from '../../ledger/ledger.ts'
import type { Letter } from '../../letters/letter.ts'
import { planReplay } from '../../plan/plan-replay.ts'
import { driveRuns } from '../../worker/drive-runs.ts'
import { workCut } from '../../worker/work-cut.ts'
import { DLQ, letter } from './letters.ts'
import type { World } from './memory-world.ts'

export const letters = (count: number): Letter[] => Array.from({ length: count }, (_, n) => letter(n))
export const REQUEST = { action: 'replay' as const, who: 'ada@ops-1', why: 'schema registered', filter: {}, rate: 100, canary: 10 }

/** Starts a run over all that is open. */
export async function begin(world: World, request = {}) {
  const { plans } = await planReplay(
    [DLQ],
    {},
    { letters: world.reader, ledger: await world.audit.refresh(), decode: async () => undefined },
  )
  const [plan] = plans
  if (plan === undefined) throw new Error('no plan')
  return startRun(plan, { ...REQUEST, ...request }, world.audit, systemClock)
}

/** Drives and works until nothing is left to do. */
export async function finish(world: World, most = 100): Promise<void> {
  for (let i = 0; i < most; i += 1) {
    await driveRuns(world.audit, world.queue, systemClock)
    const cut = world.queued.shift()
    if (cut === undefined) return
    await workCut(DLQ, cut, world.work)
  }
}

export async function runOf(world: World, id: string): Promise<Run> {
  const run = (await world.audit.refresh()).runs.get(id)
  if (run === undefined) throw new Error(`no run ${id}`)
  return run
}
