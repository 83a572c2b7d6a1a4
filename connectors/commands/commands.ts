// The commands, each telling what it did; their answer is the exit code.
import { StopProcess } from '@tally/platform/process/errors'
import { whileUnavailable } from '@tally/platform/process/retry'
import { needsRecovery } from '#capture/capture'
import { type CapturePort, readCapture } from '#capture/read-capture'
import { applyConnector, refuseFaults } from '#connect/apply'
import { untilState } from '#connect/await-state'
import { type Connector, differences, differenceText } from '#connect/connector'
import type { Connectors } from '#connect/connectors'
import { type ConnectorStatus, isHeld, isRunning } from '#connect/status'
import { unfinishedRecovery } from '#resend/gap-start'
import { type Command, type Context, unknown } from './command.ts'

/** Asks the worker about each configuration, and prints only what is wrong. */
export const validateAll: Command = async ({ connect, connectors, print }) => {
  for (const connector of connectors) {
    await refuseFaults(connect, connector)
    print(`${connector.name}: valid`)
  }
  return 0
}

/** Live against wanted, key by key. 0: the same, 1: something differs. */
export const diffAll: Command = async (context) => {
  const { connect, connectors, print } = context
  let same = true
  for (const { name, config } of connectors) {
    const live = await connect.config(name)
    const found = differences(live ?? {}, config)
    if (live === undefined) print(`${name}: is not there, would be created`)
    else print(found.length === 0 ? `${name}: as wanted` : `${name}: ${found.length} differ (- live, + wanted)`)
    if (live !== undefined) for (const difference of found) print(differenceText(difference))
    same &&= live !== undefined && found.length === 0
  }
  await tellUnknown({ ...context, prune: false })
  return same ? 0 : 1
}

/** What runs without being in this checkout: told, and deleted only when asked to. */
async function tellUnknown(context: Context): Promise<void> {
  const { connect, print, prune } = context
  for (const name of await unknown(context)) {
    if (prune) await connect.delete(name)
    if (prune) print(`${name}: deleted, since it is not in this checkout; its slot, if it had one, goes on keeping WAL until it is dropped`)
    else print(`${name}: runs, but is not in this checkout (it is left alone; PRUNE=1 deletes it)`)
  }
}

const APPLIED = {
  created: 'created, running',
  changed: 'changed, running',
  unchanged: 'unchanged, running',
  held: 'as wanted, but paused or stopped by someone: make connect-resume',
}

export const applyAll: Command = async (context) => {
  const { connect, connectors, clock, print, waitTimeoutMs, capture } = context
  for (const connector of connectors) {
    const refuse = async () => void (capture && (await refuseLoss(connector, capture, connect)))
    const applied = await applyConnector(connect, connector, { clock, deadlineMs: waitTimeoutMs, refuse })
    print(`${connector.name}: ${APPLIED[applied]}`)
  }
  await tellUnknown(context)
  return 0
}

/** Started without its slot, a connector that has stored nothing yet makes a new one and skips what was accepted before. */
async function refuseLoss({ name, config }: Connector, capture: CapturePort, connect: Connectors): Promise<void> {
  if (unfinishedRecovery(await connect.config(name)) !== undefined) {
    throw new StopProcess(
      `${name}: a recovery began and did not finish, events are missing.\nWay back: repeat make connect-recover WHY="…"`,
    )
  }
  const { problems } = await readCapture(name, config, capture, connect)
  const problem = needsRecovery(problems)
  if (problem) throw new StopProcess(`${name}: ${problem.what}.\nImpact: ${problem.impact}.\nWay back: ${problem.wayBack}`)
}

/** Tells each connector, past rebalances, and waits until it has come about. */
const tellAll =
  (tell: (connect: Connectors) => (name: string) => Promise<void>, reached: (status: ConnectorStatus) => boolean, told: string): Command =>
  async ({ connect, connectors, print, waitTimeoutMs, clock }) => {
    for (const { name } of connectors) {
      const patience = { deadlineMs: waitTimeoutMs, clock }
      const before = await whileUnavailable(() => connect.status(name), patience)
      await whileUnavailable(() => tell(connect)(name), patience)
      await untilState(connect, name, { reached, before }, patience)
      print(`${name}: ${told}`)
    }
    return 0
  }

const all =
  (state: string) =>
  ({ connector, tasks }: ConnectorStatus): boolean =>
    connector.state === state && tasks.every((task) => task.state === state)

export const pauseAll = tellAll(
  ({ pause }) => pause,
  all('PAUSED'),
  'paused; asOf stands still and the slot keeps WAL until make connect-resume',
)
export const stopAll = tellAll(
  ({ stop }) => stop,
  ({ connector, tasks }) => connector.state === 'STOPPED' && tasks.length === 0,
  'stopped; asOf stands still and the slot keeps WAL until make connect-resume',
)
export const resumeAll = tellAll(({ resume }) => resume, isRunning, 'running')
export const restartFailedAll = tellAll(
  ({ restartFailed }) => restartFailed,
  (status) => isRunning(status) || isHeld(status),
  'nothing is failed any more',
)
