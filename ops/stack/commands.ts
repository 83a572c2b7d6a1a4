// The verbs of the command line.

import { rmSync } from 'node:fs'
import { dirname } from 'node:path'
import { wait } from '@tally/platform/process/clock'
import { mustRun, running, runningOrStarted } from './client.ts'
import type { Command } from './command.ts'
import type { Settings } from './config.ts'
import { environment } from './config.ts'
import type { Ended } from './control.ts'
import { ask } from './control.ts'
import { doctor } from './doctor.ts'
import { StackError } from './errors.ts'
import { execute } from './execute.ts'
import { removeIfEmpty } from './files.ts'
import { stopLeftovers } from './leftovers.ts'
import { showLogs } from './logs.ts'
import { postgresDir } from './places.ts'
import { readPlan } from './plan.ts'
import { isAlive } from './processes.ts'
import { say } from './progress.ts'
import { setUp } from './setup.ts'
import { showStatus } from './status.ts'
import { markThrowAway, mayBeEmptied } from './throw-away.ts'
import type { UnitStatus } from './unit.ts'

const INTERRUPTED = 130
const POLL_MS = 20

type Verb = (command: Command) => Promise<number>

const up: Verb = async ({ settings, names, profile }) => {
  const began = performance.now()
  await setUp(settings)
  // Faults in compose.yaml are told before anything is started.
  readPlan(settings, environment())
  markThrowAway(settings)
  const socket = await runningOrStarted(settings)
  let interrupted = false
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => {
      interrupted = true
      socket.destroy()
      void end(settings, 'leave').then(() => process.exit(INTERRUPTED))
    })
  }
  say(`starting the stack "${settings.stack}"`)
  try {
    await ask(socket, { verb: 'up', names, profiles: profile, env: environment() }, say)
  } catch (error) {
    if (!interrupted) throw error
    // The handler above goes on to the end; that it cut the connection is no news.
    return INTERRUPTED
  }
  say(`all ready after ${((performance.now() - began) / 1_000).toFixed(1)} s`)
  return 0
}

/** Ends the stack; `leave` only if its first `up` is what was interrupted: what was up before goes on. */
async function end(settings: Settings, verb: 'down' | 'leave'): Promise<number> {
  const socket = await running(settings)
  if (socket === undefined) {
    const left = await stopLeftovers(settings.stackDir)
    say(left.length > 0 ? `stopped what was left over: ${left.join(', ')}` : `the stack "${settings.stack}" is not up`)
    return 0
  }
  const ended = await ask<Ended | null>(socket, { verb, names: [] }, say)
  if (ended === null) return 0
  const { undrained, pid, started } = ended
  while (isAlive({ pid, started })) await wait(POLL_MS)
  if (undrained.length === 0) return 0
  say(`not drained: ${undrained.join(', ')}; their logs are in ${settings.stackDir}`)
  return 1
}

const down: Verb = ({ settings }) => end(settings, 'down')

const each =
  (verb: 'start' | 'stop' | 'restart' | 'kill'): Verb =>
  async ({ settings, names }) => {
    if (names.length === 0) throw new StackError(`which service? make ${verb} S=aggregator`, 2)
    await ask(await mustRun(settings), { verb, names }, say)
    return 0
  }

export const commands = {
  setup: async ({ settings }) => {
    await setUp(settings)
    return 0
  },
  up,
  down,
  status: async ({ settings, json }) => {
    const socket = await running(settings)
    const units = socket ? await ask<UnitStatus[]>(socket, { verb: 'status', names: [] }, say) : []
    return showStatus(settings, units, json)
  },
  logs: showLogs,
  start: each('start'),
  stop: each('stop'),
  restart: each('restart'),
  kill: each('kill'),
  exec: async ({ settings, names, argv }) => {
    const [name] = names
    if (name === undefined || argv.length === 0) throw new StackError('usage: exec SERVICE -- COMMAND…', 2)
    const env = await ask<Record<string, string>>(await mustRun(settings), { verb: 'environment', names: [name] }, say)
    return execute(argv, env)
  },
  doctor: ({ settings }) => doctor(settings),
  clean: async (command) => {
    mayBeEmptied(command.settings)
    await down(command)
    rmSync(command.settings.stackDir, { recursive: true, force: true })
    rmSync(postgresDir(command.settings), { recursive: true, force: true })
    removeIfEmpty(dirname(postgresDir(command.settings)))
    return 0
  },
} satisfies Record<string, Verb>
