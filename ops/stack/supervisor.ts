// The background process of one stack: holds its services, answers the commands, ends when all is down.
import { mkdirSync, rmSync } from 'node:fs'
import type { Server } from 'node:net'
import { wait } from '@tally/platform/process/clock'
import { environment, settings } from './config.ts'
import type { Call, Ended, Request } from './control.ts'
import { reach, serve } from './control.ts'
import { fleet } from './fleet.ts'
import { record, stopLeftovers } from './leftovers.ts'
import { withLock } from './lock.ts'
import { controlSocket } from './places.ts'
import { startTime } from './processes.ts'
import { turns } from './turns.ts'

/** A supervisor that nobody asked anything is of no use. */
const UNASKED_LIMIT_MS = 20_000

const { stackDir, ...names } = settings()
const socketPath = controlSocket({ stackDir, ...names })
const turn = turns()
const stack = fleet((processes) => record(stackDir, processes))
let everUp = false
let asked = false
let server: Server | undefined
let ending: Promise<string[]> | undefined

function end(call?: Call): Promise<string[]> {
  ending ??= stack.down(call?.say ?? (() => {})).finally(() => {
    rmSync(socketPath, { force: true })
    server?.close()
    // The answer to whoever asked for the end still has to leave.
    void wait(200).then(() => process.exit(0))
  })
  return ending
}

const ended = async (call: Call): Promise<Ended> => ({ undrained: await end(call), pid: process.pid, started: startTime(process.pid) ?? 0 })

async function handle(request: Request, call: Call): Promise<unknown> {
  asked = true
  switch (request.verb) {
    case 'up':
      return alone(request, call, () => up(request, call))
    case 'start':
    case 'stop':
    case 'restart':
      return alone(request, call, () => stack.each(request.verb as 'start' | 'stop' | 'restart', request.names, call))
    case 'kill':
      return stack.kill(request.names, call)
    case 'leave':
      if (ending === undefined && (everUp || turn.underWay() !== undefined)) return undefined
      call.say('stopping what was started …')
      return ended(call)
    case 'down':
      return ended(call)
    case 'environment':
      return stack.environment(request.names[0] ?? '')
    case 'status':
      return stack.status()
  }
}

/** What starts and stops services does so alone: two at once would each start a process of the same service. */
function alone({ verb, names }: Request, call: Call, work: () => Promise<unknown>): Promise<unknown> {
  const what = [verb, ...names].join(' ')
  const unlessGone = async () => (call.gone.aborted ? undefined : work())
  return turn.take(what, unlessGone, (underWay) => call.say(`${what} waits for \`${underWay}\`, which another command asked for before`))
}

async function up(request: Request, call: Call): Promise<void> {
  const env = request.env ?? environment()
  // Whoever leaves in the middle of the first `up` (Ctrl-C, a lost terminal) takes everything along.
  if (!everUp)
    call.gone.addEventListener('abort', () => {
      if (!everUp) void end()
    })
  try {
    await stack.up(settings(env), env, request.names, request.profiles ?? [], call)
  } finally {
    // What did start goes on when something else did not: its status and logs tell more.
    if (!call.gone.aborted) everUp = stack.anythingRuns()
  }
}

mkdirSync(stackDir, { recursive: true })
await withLock(`${stackDir}/.lock`, async () => {
  const other = await reach(socketPath)
  if (other) {
    other.destroy()
    process.exit(0)
  }
  const left = await stopLeftovers(stackDir)
  if (left.length > 0) process.stderr.write(`stopped what an earlier supervisor left: ${left.join(', ')}\n`)
  server = await serve(socketPath, handle)
})
process.on('uncaughtException', (error) => {
  process.stderr.write(`${error.stack}\n`)
  void end()
})
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => void end())
void wait(UNASKED_LIMIT_MS).then(() => {
  if (!asked) void end()
})
