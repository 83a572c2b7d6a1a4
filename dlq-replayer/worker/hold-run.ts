// Asked before dead letters go out: whether the run may go on, and whether its group does.

import { wait } from '@tally/platform/process/clock'
import { endsOf } from '#ledger/entry'
import { mayGoOn } from '#ledger/going-on'
import type { Dlq } from '#letters/letter'
import { pauseOf } from './run-brake.ts'
import type { CutWork } from './work.ts'

/** While letters go out. */
const LAG_LOOK_MS = 1_000
/** While they wait for it. */
const LAG_POLL_MS = 200
/** A group that commits nothing for so long, though records wait, has stopped or is about to. */
const STUCK_MS = 5_000

/** Who pauses a run of which too little is known. */
const SELF = 'dlq-replayer'

/**
 * Pauses the run when too many outcomes stay unknown; looks at the group at most once a second, and holds the run while it
 * lags, or does nothing though some are out. False: the run was stopped meanwhile.
 */
export function groupBrake(dlq: Dlq, id: string, work: CutWork, isSomeOut: () => boolean): () => Promise<boolean> {
  const { audit, clock, stopping } = work
  const whyToWait = groupWatch(dlq, work, isSomeOut)
  let lookedAt = Number.NEGATIVE_INFINITY
  const note = (text: string) => audit.append([{ kind: 'noted', run: id, text, at: clock.now() }])

  async function pauseWhenUnknown(): Promise<void> {
    const run = audit.latest().runs.get(id)
    const pause = run?.state === 'running' ? pauseOf(run) : undefined
    if (pause === undefined) return
    const at = clock.now()
    await audit.append([
      { kind: 'paused', run: id, who: SELF, why: pause.why, at },
      { kind: 'noted', run: id, text: pause.note, at },
    ])
    await audit.refresh()
    lookedAt = Number.NEGATIVE_INFINITY
  }

  return async () => {
    await pauseWhenUnknown()
    for (let noted = ''; await mayGoOn(id, work); await wait(LAG_POLL_MS, stopping)) {
      if (noted === '' && clock.now() - lookedAt < LAG_LOOK_MS) return true
      lookedAt = clock.now()
      const why = await whyToWait()
      if (why === undefined) {
        // Or something was away before: it answers again.
        if (noted !== '' || audit.latest().runs.get(id)?.note !== '') await note('')
        return true
      }
      if (noted === '') await note(why)
      noted ||= why
    }
    return false
  }
}

/** Why the group is to be waited for: more replays would make it later still, and none of them would get an outcome. */
function groupWatch(dlq: Dlq, { outcomes, replays, clock, maxLag }: CutWork, isSomeOut: () => boolean): () => Promise<string | undefined> {
  let stuck: { committed: bigint; since: number } | undefined
  return async () => {
    const [ends, committed] = [endsOf(await replays.bounds(dlq.topic)), await outcomes.committed(dlq.group, dlq.topic)]
    // A partition that the group never committed counts nothing.
    const lag = [...committed].reduce((sum, [partition, next]) => sum + ((ends.get(partition) ?? next) - next), 0n)
    const sum = [...committed.values()].reduce((total, next) => total + next, 0n)
    // With nothing out the lag may be a commit that was lost: the next record brings it.
    if (lag <= 0n || !isSomeOut()) stuck = undefined
    else if (stuck?.committed !== sum) stuck = { committed: sum, since: clock.now() }
    if ((await outcomes.members(dlq.group)) === 0) return `waits: no consumer of ${dlq.group} runs; see make status`
    if (lag > maxLag) return `waits: ${dlq.group} is ${lag} records behind`
    const stuckMs = stuck === undefined ? 0 : clock.now() - stuck.since
    return stuckMs < STUCK_MS
      ? undefined
      : `waits: ${dlq.group} has committed nothing for ${Math.round(stuckMs / 1_000)} s, and ${lag} records wait`
  }
}
