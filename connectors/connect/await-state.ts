// Waits until a connector is where it was told to go, or is known not to get there.
import { type Clock, wait } from '@tally/platform/process/clock'
import { StopProcess } from '@tally/platform/process/errors'
import { whileUnavailable } from '@tally/platform/process/retry'
import { type ConnectorStatus, failure, rootCause } from './status.ts'

type StatusPort = { status(name: string): Promise<ConnectorStatus | undefined> }

/** A task is RUNNING before it has met the replication slot and the publication: it has to stay so for `steadyMs`. */
export type Patience = { clock: Clock; deadlineMs: number; pollMs?: number; settleMs?: number; steadyMs?: number }

type Until = {
  reached(status: ConnectorStatus): boolean
  /** Before the change: until that arrives, Connect goes on showing the old failure. */
  before: ConnectorStatus | undefined
  /** The state was the same before the change: it tells something only after `settleMs`. */
  sameBefore?: boolean
}

/** @throws StopProcess for a failed connector or task, and past the deadline */
export async function untilState(
  connect: StatusPort,
  name: string,
  { reached, before, sameBefore = false }: Until,
  { clock, deadlineMs, pollMs = 100, settleMs = 3_000, steadyMs = 500 }: Patience,
): Promise<ConnectorStatus> {
  const start = clock.now()
  const oldFailure = before && failure(before)
  let reachedAt: number | undefined
  for (;;) {
    const elapsedMs = clock.now() - start
    const settled = elapsedMs >= settleMs
    const status = await whileUnavailable(() => connect.status(name), { deadlineMs: Math.max(0, deadlineMs - elapsedMs), clock })
    reachedAt = status && reached(status) ? (reachedAt ?? elapsedMs) : undefined
    if (status && reachedAt !== undefined && elapsedMs - reachedAt >= steadyMs && (settled || !sameBefore)) return status
    const trace = status && failure(status)
    if (trace !== undefined && (settled || trace !== oldFailure)) {
      throw new StopProcess(
        `${name} failed: ${rootCause(trace)}\nThe whole trace: make connect-status V=1. When the cause is gone: make connect-restart-failed`,
      )
    }
    if (elapsedMs >= deadlineMs) {
      throw new StopProcess(
        `${name} is not there after ${Math.round(deadlineMs / 1000)} s: ${status ? describe(status) : 'Connect does not know it'}.\n` +
          'Look at make connect-status and make logs S=connect, then repeat the command.',
      )
    }
    await wait(pollMs)
  }
}

const describe = ({ connector, tasks }: ConnectorStatus) =>
  `connector ${connector.state}, ${tasks.length === 0 ? 'no task' : tasks.map(({ id, state }) => `task ${id} ${state}`).join(', ')}`
