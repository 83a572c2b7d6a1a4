// The commands, each telling what it did; their answer is the exit code.
import type { Clock } from '@tally/platform/clock'
import { StopProcess } from '@tally/platform/errors'
import { whileUnavailable } from '@tally/platform/retry'
import { applyConnector, refuseFaults } from './apply-connector.ts'
import { untilState } from './await-state.ts'
import { type Connector, differences, differenceText } from './connector.ts'
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

export const applyAll: Command = async ({ connect, connectors, clock, print, waitTimeoutMs }) => {
  for (const connector of connectors) {
    const applied = await applyConnector(connect, connector, { clock, deadlineMs: waitTimeoutMs })
    print(`${connector.name}: ${APPLIED[applied]}`)
  }
  return 0
}

/** Every connector of the cluster and of this checkout. 1 when anything is not RUNNING. */
export const statusAll: Command = async ({ connect, connectors, print, json, verbose }) => {
  const others = await unknown(connect, connectors)
  const statuses: (ConnectorStatus | undefined)[] = []
  for (const name of [...connectors.map((connector) => connector.name), ...others]) {
    const status = await connect.status(name)
    statuses.push(status)
    if (json) continue
    print(status === undefined ? `${name.padEnd(20)} MISSING    create it: make connect-apply` : statusText(status, verbose))
    if (others.includes(name)) print('  not in this checkout')
  }
  const ok = statuses.every((status) => status !== undefined && isRunning(status))
  if (json) print(JSON.stringify({ ok, connectors: statuses.filter((status) => status !== undefined) }))
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

/** The running connector that routes the outbox, and the topic it routes to. */
export async function routerOf({ connect, connectors }: Context): Promise<{ name: string; topic: string }> {
  const routing = connectors.flatMap(({ name, config }) => {
    const topic = config['transforms.outbox.route.topic.replacement']
    return topic === undefined ? [] : [{ name, topic }]
  })
  const [router] = routing
  if (router === undefined || routing.length > 1) throw new StopProcess('name the connector of the outbox: CONNECTOR=…', 2)
  const status = await connect.status(router.name)
  if (status && isRunning(status)) return router
  throw new StopProcess(`${router.name} does not run, so it would not see the signal: make connect-status`)
}

async function unknown(connect: Connectors, connectors: Connector[]): Promise<string[]> {
  return (await connect.names()).filter((name) => !connectors.some((connector) => connector.name === name))
}
