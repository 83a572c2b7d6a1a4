// Looks at every connector's way through database and Connect, again and again, and keeps what it saw last.
import { type Clock, wait } from '@tally/platform/process/clock'
import { messageOf } from '@tally/platform/process/errors'
import type { Log } from '@tally/platform/process/log'
import type { Connector } from '#connect/connector'
import { type ConnectorStatus, failure, isHeld, isRunning, rootCause } from '#connect/status'
import { CASES, type CaptureProblem, HEARTBEAT_LATE_MS } from './capture.ts'
import { type Capture, type CapturePort, NO_OFFSETS, type OffsetsPort, readCapture } from './read-capture.ts'

/** What can be wrong, and how it is told: the cases of the capture, and whether anybody answers at all. */
export const SIGNS = ['connect-away', 'database-away', 'not-running', 'held', ...CASES] as const
export type Sign = (typeof SIGNS)[number]

export type Look = { signs: ReadonlyMap<Sign, string>; status?: ConnectorStatus | undefined; capture?: Capture }

export type WatchPorts = {
  connect: OffsetsPort & { status(name: string): Promise<ConnectorStatus | undefined> }
  capture: CapturePort
  clock: Clock
  log: Log
}

export type CaptureWatch = {
  /** What was seen last, by connector; empty before the first look. */
  looks(): ReadonlyMap<string, Look>
  /** Undefined while it looks often enough, else for how long it has not. */
  live(): string | undefined
  stop(): Promise<void>
}

/** One look asks two services, each of which may take seconds to say that it is away. */
const SLOWEST_LOOK_MS = 60_000

/** How often it looks while something is wrong, so that the end of it shows soon. */
const TROUBLED_MS = 1_000

/** Looks now and every `everyMs`; a sign that comes or goes is logged once. */
export function watchCaptures(connectors: Connector[], ports: WatchPorts, everyMs: number): CaptureWatch {
  const { clock, log } = ports
  const stopping = new AbortController()
  const startedMs = clock.now()
  const looks = new Map<string, Look>()
  let lookedAtMs = startedMs

  async function keepLooking(): Promise<void> {
    while (!stopping.signal.aborted) {
      for (const connector of connectors) {
        const look = await lookAt(connector, ports, clock.now() - startedMs)
        tellChanges(log, connector.name, looks.get(connector.name), look)
        looks.set(connector.name, look)
      }
      lookedAtMs = clock.now()
      const allWell = [...looks.values()].every(({ signs }) => signs.size === 0)
      await wait(allWell ? everyMs : Math.min(everyMs, TROUBLED_MS), stopping.signal)
    }
  }

  const ended = keepLooking()
  return {
    looks: () => looks,
    live() {
      const agoMs = clock.now() - lookedAtMs
      return agoMs > SLOWEST_LOOK_MS ? `it has not looked for ${Math.round(agoMs / 1_000)} s` : undefined
    },
    stop() {
      stopping.abort()
      return ended
    },
  }
}

/** @param watchedMs a heartbeat is late only if it did not come while somebody watched */
async function lookAt({ name, config }: Connector, { connect, capture }: WatchPorts, watchedMs: number): Promise<Look> {
  const signs = new Map<Sign, string>()
  const answer = async <T>(sign: Sign, ask: Promise<T>, what = ''): Promise<T | undefined> => {
    try {
      return await ask
    } catch (error) {
      signs.set(sign, what + messageOf(error))
      return undefined
    }
  }
  const status = await answer('connect-away', connect.status(name))
  if (!signs.has('connect-away')) tellState(status, signs)
  // Connect tells its state from memory, its offsets only while Kafka answers. What the database says stays worth telling.
  const stored: OffsetsPort = {
    offsets: async () => (signs.has('connect-away') ? undefined : answer('connect-away', connect.offsets(name), NO_OFFSETS)),
  }
  const seen = await answer('database-away', readCapture(name, config, capture, stored))
  for (const problem of seen?.problems ?? []) {
    if (problem.name !== 'heartbeat-late' || watchedMs >= HEARTBEAT_LATE_MS) signs.set(problem.name, problemText(problem))
  }
  return { signs, status, ...(seen && { capture: seen }) }
}

function tellState(status: ConnectorStatus | undefined, signs: Map<Sign, string>): void {
  if (status && isRunning(status)) return
  if (status && isHeld(status)) {
    signs.set('held', `it was ${status.connector.state.toLowerCase()} by someone: make connect-resume`)
    return
  }
  const trace = status && failure(status)
  const why = status ? (trace === undefined ? 'no task of it runs' : rootCause(trace)) : 'Connect does not know it: make connect-apply'
  signs.set('not-running', `${why}. Way back: make connect-status; when the cause is gone, make connect-restart-failed`)
}

const problemText = ({ what, impact, wayBack }: CaptureProblem) => `${what}. Impact: ${impact}. Way back: ${wayBack}`

function tellChanges(log: Log, connector: string, before: Look | undefined, now: Look): void {
  for (const [sign, what] of now.signs) if (!before?.signs.has(sign)) log.warn({ connector, sign }, what)
  for (const sign of before?.signs.keys() ?? []) if (!now.signs.has(sign)) log.info({ connector, sign }, 'is over')
}
