// Pauses, resumes and cancels open runs: an entry in the audit topic, which the worker heeds before its next letters.
import type { Clock } from '@tally/platform/process/clock'
import type { Control } from '#ledger/entry'
import type { Run } from '#ledger/ledger'
import { openRuns } from '#ledger/ledger'
import type { Audit } from '#ports'

/** Tells the named run, else every open one; returns those that were told. */
export async function controlRuns(
  said: Pick<Control, 'kind' | 'who' | 'why'>,
  runId: string | undefined,
  audit: Audit,
  clock: Clock,
): Promise<Run[]> {
  const runs = openRuns(await audit.refresh()).filter(({ id }) => runId === undefined || id === runId)
  await audit.append(runs.map(({ id }) => ({ ...said, run: id, at: clock.now() })))
  await audit.refresh()
  return runs
}
