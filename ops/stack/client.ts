// A command's way to the supervisor, which is started in the background when `up` finds none.
import { spawn } from 'node:child_process'
import { closeSync, mkdirSync, openSync } from 'node:fs'
import type { Socket } from 'node:net'
import { join } from 'node:path'
import { wait } from '@tally/platform/process/clock'
import type { Settings } from './config.ts'
import { environment, root } from './config.ts'
import { reach } from './control.ts'
import { StackError } from './errors.ts'
import { controlSocket } from './places.ts'
import { lastLines } from './service-log.ts'

const START_LIMIT_MS = 60_000
const POLL_MS = 25

/** A connection to the running supervisor; undefined when there is none. */
export const running = (settings: Settings): Promise<Socket | undefined> => reach(controlSocket(settings))

/** @throws StackError when the stack is not up */
export async function mustRun(settings: Settings): Promise<Socket> {
  const socket = await running(settings)
  if (socket) return socket
  throw new StackError(
    `the stack "${settings.stack}" is not up: run make up${settings.stack === 'default' ? '' : ` STACK=${settings.stack}`}`,
  )
}

/** A connection to the supervisor, which is started when there is none. */
export async function runningOrStarted(settings: Settings): Promise<Socket> {
  const present = await running(settings)
  if (present) return present
  mkdirSync(settings.stackDir, { recursive: true })
  const logFile = join(settings.stackDir, 'supervisor.log')
  const log = openSync(logFile, 'a')
  const child = spawn(process.execPath, [join(root, 'ops/stack/supervisor.ts')], {
    cwd: root,
    env: environment() as NodeJS.ProcessEnv,
    stdio: ['ignore', log, log],
    detached: true,
  })
  closeSync(log)
  let exited = false
  child.on('exit', (code) => {
    exited = code !== 0
  })
  child.unref()
  const deadline = performance.now() + START_LIMIT_MS
  while (performance.now() < deadline && !exited) {
    const socket = await running(settings)
    if (socket) return socket
    await wait(POLL_MS)
  }
  throw new StackError(`the supervisor does not start:\n${lastLines(logFile, 10).join('\n')}\nlog: ${logFile}`)
}
