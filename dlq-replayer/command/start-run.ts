// Starts a run over exactly what a plan selected: the selection is written down first, and the audit topic's order
// decides which of two runs on one queue was first.

import { randomUUID } from 'node:crypto'
import type { Clock } from '@tally/platform/process/clock'
import type { Action } from '#ledger/entry'
import { positionRanges } from '#letters/positions'
import type { QueuePlan } from '#plan/plan'
import { digestOf } from '#plan/plan-id'
import type { Audit } from '#ports'

export type Request = {
  action: Action
  who: string
  why: string
  filter: Record<string, string>
  rate: number
  canary: number
}

export type StartedRun = { id: string; dlq: string; letters: number; refusedBy: string | undefined }

/** Another run is open on the queue. */
export class Refused extends Error {}

export const refusedBy = ({ refusedBy: other, dlq }: StartedRun): Refused => new Refused(`run ${other} was first on ${dlq}`)

/** Ranges in one entry: some 60 kB, far below what a broker takes. */
const RANGES_PER_ENTRY = 2_000

/** Starts a run on the plan's queue; `refusedBy` names the run that is open there. */
export async function startRun(plan: QueuePlan, request: Request, audit: Audit, clock: Clock): Promise<StartedRun> {
  const { dlq, selection, selected } = plan
  const at = clock.now()
  const id = `${new Date(at).toISOString().slice(0, 19).replace(/[-:]/g, '')}-${randomUUID().slice(0, 6)}`
  const ranges = positionRanges(selection)
  for (let i = 0; i < ranges.length; i += RANGES_PER_ENTRY) {
    await audit.append([{ kind: 'selected', run: id, ranges: ranges.slice(i, i + RANGES_PER_ENTRY) }])
  }
  await audit.append([{ kind: 'started', run: id, dlq: dlq.name, ...request, planId: digestOf([plan]), letters: selected, at }])
  const refused = (await audit.refresh()).refused.get(id)
  return { id, dlq: dlq.name, letters: selected, refusedBy: refused?.by }
}
