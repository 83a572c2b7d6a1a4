// Follows runs by the audit topic alone: it can be stopped and taken up again without touching them.
import type { Clock } from '@tally/platform/process/clock'
import { wait } from '@tally/platform/process/clock'
import type { Run } from '#ledger/ledger'
import { tallied } from '#ledger/outcome'
import type { Audit } from '#ports'

const POLL_MS = 300

/** Returns the runs once all have ended; `onChange` gets each run whenever it got further. */
export async function followRuns(
  ids: string[],
  audit: Audit,
  clock: Clock,
  { onChange, onSilence, silenceMs }: { onChange(run: Run): void; onSilence(): void; silenceMs: number },
): Promise<Run[]> {
  const seen = new Map<string, string>()
  let changedAt = clock.now()
  for (;;) {
    const ledger = await audit.refresh()
    const runs = ids.flatMap((id) => ledger.runs.get(id) ?? [])
    for (const run of runs) {
      const mark = `${run.state} ${tallied(run.tally)} ${run.sending.size} ${run.note}`
      if (seen.get(run.id) === mark) continue
      if (seen.has(run.id)) onChange(run)
      seen.set(run.id, mark)
      changedAt = clock.now()
    }
    if (runs.every(({ state }) => state === 'ended')) return runs
    if (clock.now() - changedAt > silenceMs) {
      onSilence()
      changedAt = clock.now()
    }
    await wait(POLL_MS)
  }
}
