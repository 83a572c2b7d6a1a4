// Asked before letters go out: whether the run may go on, and whether its group keeps up.
import { wait } from '@tally/platform/clock'
import { endsOf } from './ledger-entry.ts'
import type { Dlq } from './letter.ts'
import type { CutWork } from './work-cut.ts'

const PAUSE_POLL_MS = 500
/** While letters go out. */
const LAG_LOOK_MS = 1_000
/** While they wait for it. */
const LAG_POLL_MS = 200

/** True: send. False: the run was cancelled or the process drains. Waits while the run is paused. */
export async function mayGoOn(id: string, { audit, stopping }: Pick<CutWork, 'audit'> & Partial<CutWork>): Promise<boolean> {
  for (;;) {
    if (stopping?.aborted) return false
    const run = audit.latest().runs.get(id)
    if (run?.state === 'running') return true
    if (run?.state !== 'paused') return false
    await wait(PAUSE_POLL_MS, stopping)
  }
}

/** Looks at the group's lag at most once a second. */
export function lagBrake(dlq: Dlq, id: string, work: CutWork): () => Promise<boolean> {
  let lookedAt = Number.NEGATIVE_INFINITY
  return async () => {
    if (work.clock.now() - lookedAt < LAG_LOOK_MS) return mayGoOn(id, work)
    lookedAt = work.clock.now()
    return groupKeepsUp(dlq, id, work)
  }
}

/** Waits while the group lags: replays would make it later still, and time out. False: the run was stopped meanwhile. */
async function groupKeepsUp(dlq: Dlq, id: string, work: CutWork): Promise<boolean> {
  const { audit, clock, stopping, maxLag } = work
  for (let noted = false; ; noted = true) {
    if (!(await mayGoOn(id, work))) return false
    const lag = await lagOf(dlq, work)
    if (lag <= maxLag) {
      // Or something was away before: it answers again.
      if (noted || audit.latest().runs.get(id)?.note !== '') await audit.append([{ kind: 'noted', run: id, text: '', at: clock.now() }])
      return true
    }
    if (!noted) await audit.append([{ kind: 'noted', run: id, text: `waits: ${dlq.group} is ${lag} records behind`, at: clock.now() }])
    await wait(LAG_POLL_MS, stopping)
  }
}

/** Records of the topic that the group has not committed; a partition it never committed counts nothing. */
async function lagOf(dlq: Dlq, { replays, outcomes }: CutWork): Promise<bigint> {
  const [ends, committed] = [endsOf(await replays.bounds(dlq.topic)), await outcomes.committed(dlq.group, dlq.topic)]
  return [...committed].reduce((lag, [partition, next]) => lag + ((ends.get(partition) ?? next) - next), 0n)
}
