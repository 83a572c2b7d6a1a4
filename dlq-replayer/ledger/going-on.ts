// Whether a run goes on, by the ledger: read by who works on it, the service or a command.
import { wait } from '@tally/platform/process/clock'
import type { Audit } from '#ports'

const PAUSE_POLL_MS = 500

/** True: send. False: the run was cancelled or the process drains. Waits while the run is paused. */
export async function mayGoOn(id: string, { audit, stopping }: { audit: Audit; stopping?: AbortSignal }): Promise<boolean> {
  for (;;) {
    if (stopping?.aborted) return false
    const run = audit.latest().runs.get(id)
    if (run?.state === 'running') return true
    if (run?.state !== 'paused') return false
    await wait(PAUSE_POLL_MS, stopping)
  }
}

/** A command that settles letters itself writes at least so often. */
export const ALIVE_MS = 20_000
