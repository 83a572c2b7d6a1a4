// The commands, each telling what it did; their answer is the exit code.
import type { Clock } from '@tally/platform/clock'
import { StopProcess } from '@tally/platform/errors'
import { whileUnavailable } from '@tally/platform/retry'
import { applyConnector, refuseFaults } from './apply-connector.ts'
import { untilState } from './await-state.ts'
import { captureText, needsRecovery } from './capture.ts'
import { type Connector, differences, differenceText } from './connector.ts'
import { type Capture, type CapturePort, readCapture } from './read-capture.ts'
import { unfinishedRecovery } from './recover-connector.ts'
import type { Connectors } from './rest-connectors.ts'
import { type ConnectorStatus, isHeld, isRunning, statusText } from './status.ts'

export type Context = {
  connect: Connectors
  connectors: Connector[]
  clock: Clock
  print(line: string): void
  waitTimeoutMs: number
  json: boolean
  verbose: boolean
  /** Looks at slot, publication and heartbeat; undefined where the database is not to be asked. */
  capture: CapturePort | undefined
}

export type Command = (context: Context) => Promise<number>

/** Asks the worker about each configuration, and prints only what is wrong. */
export const validateAll: Command = async ({ connect, connectors, print }) => {
  for (const connector of connectors) {
    await refuseFaults(connect, connector)
    print(`${connector.name}: valid`)
  }
  return 0
}

/** Live against wanted, key by key. 0: the same, 1: something differs. */
export const diffAll: Command = async ({ connect, connectors, print }) => {
  let same = true
  for (const { name, config } of connectors) {
    const live = await connect.config(name)
    const found = differences(live ?? {}, config)
    if (live === undefined) print(`${name}: is not there, would be created`)
    else print(found.length === 0 ? `${name}: as wanted` : `${name}: ${found.length} differ (- live, + wanted)`)
    if (live !== undefined) for (const difference of found) print(differenceText(difference))
    same &&= live !== undefined && found.length === 0
  }
  for (const name of await unknown(connect, connectors)) print(`${name}: runs, but is not in this checkout (it is left alone)`)
  return same ? 0 : 1
}

const APPLIED = {
  created: 'created, running',
  changed: 'changed, running',
  unchanged: 'unchanged, running',
  held: 'as wanted, but paused or stopped by someone: make connect-resume',
}

export const applyAll: Command = async ({ connect, connectors, clock, print, waitTimeoutMs, capture }) => {
  for (const connector of connectors) {
    const refuse = async () => void (capture && (await refuseLoss(connector, capture, connect)))
    const applied = await applyConnector(connect, connector, { clock, deadlineMs: waitTimeoutMs, refuse })
    print(`${connector.name}: ${APPLIED[applied]}`)
  }
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

/** Every connector of the cluster and of this checkout. 1 when anything is not RUNNING, or the way to it is broken. */
export const statusAll: Command = async ({ connect, connectors, print, json, verbose, capture }) => {
  const others = await unknown(connect, connectors)
  const found: (ConnectorStatus & { capture?: Capture })[] = []
  let ok = true
  for (const name of [...connectors.map((connector) => connector.name), ...others]) {
    const status = await connect.status(name)
    ok &&= status !== undefined && isRunning(status)
    if (!json) print(status === undefined ? `${name.padEnd(20)} MISSING    create it: make connect-apply` : statusText(status, verbose))
    if (!json && others.includes(name)) print('  not in this checkout')
    const own = connectors.find((connector) => connector.name === name)
    const looked = own && capture && (await readCapture(name, own.config, capture, connect))
    if (status) found.push({ ...status, ...(looked && { capture: looked }) })
    if (looked === undefined) continue
    ok &&= looked.problems.length === 0
    if (!json) print(captureText(looked.facts, looked.offset, looked.problems))
  }
  if (json) print(JSON.stringify({ ok, connectors: found }, (_, value) => (typeof value === 'bigint' ? String(value) : value)))
  return ok ? 0 : 1
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

/** What Connect stored as read, per connector. */
export const offsetsAll: Command = async ({ connect, connectors, print, json }) => {
  for (const { name } of connectors) {
    const answer = await connect.offsets(name)
    if (json) print(JSON.stringify({ name, offsets: answer?.offsets ?? [] }))
    else print(`${name}: ${answer === undefined ? 'is not there' : JSON.stringify(answer.offsets, undefined, 2)}`)
  }
  return 0
}

/** The connector that routes the outbox, and the topic it routes to. */
export function routerOf({ connectors }: Context): Connector & { topic: string } {
  const routing = connectors.flatMap((connector) => {
    const topic = connector.config['transforms.outbox.route.topic.replacement']
    return topic === undefined ? [] : [{ ...connector, topic }]
  })
  const [router] = routing
  if (router === undefined || routing.length > 1) throw new StopProcess('name the connector of the outbox: CONNECTOR=…', 2)
  return router
}

/** @throws StopProcess when the connector does not run */
export async function refuseUnlessRunning({ connect }: Context, name: string): Promise<void> {
  const status = await connect.status(name)
  if (status === undefined || !isRunning(status))
    throw new StopProcess(`${name} does not run, so it would not see the signal: make connect-status`)
}

async function unknown(connect: Connectors, connectors: Connector[]): Promise<string[]> {
  return (await connect.names()).filter((name) => !connectors.some((connector) => connector.name === name))
}
