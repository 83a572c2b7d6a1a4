// Pauses, resumes and cancels open runs: an entry in the audit topic, which the worker heeds before its next letters.
import type { Clock } from '@tally/platform/clock'
import type { Run } from './ledger.ts'
import { openRuns } from './ledger.ts'
import type { Control } from './ledger-entry.ts'
import type { Audit } from './start-run.ts'

/** Tells the named run, else every open one; returns those that were told. */
export async function controlRuns(
  kind: Control['kind'],
  runId: string | undefined,
  who: string,
  audit: Audit,
  clock: Clock,
): Promise<Run[]> {
  const runs = openRuns(await audit.refresh()).filter(({ id }) => runId === undefined || id === runId)
  await audit.append(runs.map(({ id }) => ({ kind, run: id, who, at: clock.now() })))
  await audit.refresh()
  return runs
}
