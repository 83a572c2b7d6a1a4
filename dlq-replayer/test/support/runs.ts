// Runs in memory, from start to end.
import { driveRuns } from '@tally/dlq-replayer/drive-runs'
import type { Run } from '@tally/dlq-replayer/ledger'
import type { Letter } from '@tally/dlq-replayer/letter'
import { planReplay } from '@tally/dlq-replayer/plan-replay'
import { startRun } from '@tally/dlq-replayer/start-run'
import { workCut } from '@tally/dlq-replayer/work-cut'
import { systemClock } from '@tally/platform/clock'
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
