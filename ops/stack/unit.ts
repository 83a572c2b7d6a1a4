// The life of one service: started, probed until ready, restarted with back-off when it dies, stopped when asked to.
import { EventEmitter, once } from 'node:events'
import { systemClock, wait } from '@tally/platform/process/clock'
import { StackError } from './errors.ts'
import type { Spec } from './plan.ts'
import { isHopeless, mayRestart, RECOVERED_MS, restartAfterMs } from './restart-policy.ts'
import type { Running } from './run-service.ts'
import { runService } from './run-service.ts'
import { lastLines, readable } from './service-log.ts'

export type State = 'starting' | 'ready' | 'done' | 'restarting' | 'stopped' | 'failed'

export type UnitStatus = { name: string; state: State; pid?: number; restarts: number; since: number; why?: string; ports: number[] }

export type Unit = ReturnType<typeof unit>

const PROBE_EVERY_MS = 100
/** A JVM that SIGTERM shuts down in good order says 143. */
const DRAINED = [0, 143]
const TAIL_LINES = 12

/** @param changed called whenever a process begins or ends */
export function unit(spec: Spec, changed: () => void) {
  const events = new EventEmitter().setMaxListeners(0)
  let state: State = 'stopped'
  let since = systemClock.now()
  let why: string | undefined
  let running: Running | undefined
  let life: Promise<void> | undefined
  let stopping = new AbortController()
  let deaths = 0
  let lastCode: number | string = 0
  let retryNow = new AbortController()
  let restarts = 0
  let logFrom = 0

  function become(next: State, reason?: string): void {
    if (state !== next) since = systemClock.now()
    state = next
    why = reason
    events.emit('state')
  }

  /** One process, from its start to its exit. */
  async function runOnce(signal: AbortSignal): Promise<number | string> {
    const process = await runService(spec)
    const began = performance.now()
    running = process
    logFrom = process.logFrom
    changed()
    // Stopped while it was being started.
    if (signal.aborted) await process.end(spec.stopSignal ?? 'SIGTERM', spec.stopGraceMs)
    else void probeUntilReady(process, signal)
    const code = await process.exit
    await process.end('SIGKILL', 0)
    running = undefined
    changed()
    if (performance.now() - began > RECOVERED_MS) deaths = 0
    return code
  }

  async function probeUntilReady(process: Running, signal: AbortSignal): Promise<void> {
    while (spec.probe && running === process && !signal.aborted) {
      const reason = await spec.probe()
      if (running !== process || signal.aborted) return
      if (reason === undefined) return become('ready')
      why = reason
      await wait(PROBE_EVERY_MS, signal)
    }
  }

  async function live(signal: AbortSignal): Promise<void> {
    for (deaths = 0; !signal.aborted; ) {
      become('starting', spec.probe ? 'it has just been started' : 'it is still at work')
      const code = await runOnce(signal).catch((error: Error) => error.message)
      if (signal.aborted) return
      if (code === 0 && !spec.probe) return become('done')
      deaths += 1
      lastCode = code
      const reason = typeof code === 'number' ? `it exited with code ${code}` : code
      if (!mayRestart(spec.restart, deaths, code)) return become('failed', reason)
      retryNow = new AbortController()
      become('restarting', reason)
      await wait(restartAfterMs(deaths), AbortSignal.any([signal, retryNow.signal]))
      restarts += 1
    }
  }

  /** The state as it is after an await: the compiler would take it for unchanged. */
  const now = (): State => state

  /** Starts it unless it runs, and waits until it is ready; a job runs again. @throws StackError with the end of its log */
  async function ensure(abort: AbortSignal): Promise<void> {
    const deadline = AbortSignal.timeout(spec.startMs)
    if (state === 'ready' && spec.probe && (await spec.probe()) !== undefined) await untilProbed(deadline)
    if (now() === 'ready') return
    if (abort.aborted) throw new StackError(`${spec.name}: given up`)
    // Somebody may have mended what it died of: its earlier deaths no longer count.
    deaths = 0
    if (now() === 'restarting') retryNow.abort()
    if (life === undefined) {
      stopping = new AbortController()
      become('starting', 'it has just been started')
      life = live(stopping.signal).finally(() => {
        life = undefined
      })
    }
    for (;;) {
      if (abort.aborted) throw new StackError(`${spec.name}: given up`)
      if (state === 'ready' || state === 'done') return
      if (state === 'failed' || (state === 'restarting' && isHopeless(deaths, lastCode)))
        throw failure(`${spec.name} does not start: ${why}`)
      if (deadline.aborted) throw failure(`${spec.name} is not ready after ${spec.startMs / 1_000} s: ${why}`)
      if (state === 'stopped') throw new StackError(`${spec.name} was stopped while it was starting`)
      await once(events, 'state', { signal: AbortSignal.any([abort, deadline]) }).catch(() => {})
    }
  }

  async function untilProbed(deadline: AbortSignal): Promise<void> {
    while (state === 'ready') {
      const reason = await spec.probe?.()
      if (reason === undefined) return
      if (deadline.aborted) throw failure(`${spec.name} runs but is not ready after ${spec.startMs / 1_000} s: ${reason}`)
      await wait(PROBE_EVERY_MS, deadline)
    }
  }

  const failure = (message: string) => {
    const tail = lastLines(spec.logFile, TAIL_LINES, logFrom).map((line) => `    ${readable(line)}`)
    return new StackError([message, ...tail, `    log: ${spec.logFile}`].join('\n'))
  }

  return {
    spec,
    ensure,
    /** Stops it for good; tells what went wrong with its draining, if anything did. */
    async stop(): Promise<string | undefined> {
      stopping.abort()
      const victim = running
      const how = await victim?.end(spec.stopSignal ?? 'SIGTERM', spec.stopGraceMs)
      const code = await victim?.exit
      await life
      await spec.sweep?.()
      become('stopped')
      if (how === 'killed') return `forced, since it did not drain within ${spec.stopGraceMs / 1_000} s`
      return typeof code === 'number' && !DRAINED.includes(code) ? `ended with exit code ${code}: it did not drain` : undefined
    },
    /** SIGKILL, as a crash would be; resolves when it is dead. */
    async kill(): Promise<void> {
      const victim = running
      if (victim === undefined) throw new StackError(`${spec.name} is not running`)
      await victim.end('SIGKILL', 0)
      await victim.exit
      while (running === victim) await wait(1)
    },
    running: () => running,
    /** It runs, or will again. */
    alive: () => life !== undefined,
    /** What it is now, by its own word. */
    async status(): Promise<UnitStatus> {
      const reason = state === 'ready' ? await spec.probe?.() : why
      const pid = running?.pid
      return { name: spec.name, state, restarts, since, ports: spec.ports, ...(pid && { pid }), ...(reason && { why: reason }) }
    },
  }
}
