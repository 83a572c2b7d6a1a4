// What a chaos test does to a service of the stack, and what the stack then says of it.
import { execFile } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import { childEnvironment } from './config.ts'
import { until } from './until.ts'

const root = new URL('../..', import.meta.url).pathname
const execute = promisify(execFile)

export type ServiceStatus = { name: string; state: string; pid?: number; restarts: number; why?: string }

/** A stack command; what it says on both streams. */
async function stackSays(argv: string[], extra: Record<string, string> = {}): Promise<string> {
  const { stdout, stderr } = await execute('node', ['ops/stack/main.ts', ...argv], { cwd: root, env: childEnvironment(extra) })
  return stdout + stderr
}

/** SIGKILL, once it runs: after a kill before it may still be down. The stack starts it again. */
export const killService = (service: string) => until(() => stackSays(['kill', service]), { what: `${service} is killed` })

/** Starts it unless it runs; resolves when it is ready. */
export const startService = (service: string) => stackSays(['start', service])

/** Stops it whatever its exit code. */
export const stopService = (service: string) => stackSays(['stop', service])

/** Stops it. @throws Error when it did not drain: left with another exit code than 0 */
export async function stopDrained(service: string): Promise<void> {
  const said = await stopService(service)
  if (/did not drain/.test(said)) throw new Error(said)
}

/** Brings the stack to a compose file, restarting what it describes differently. */
export const bringUp = (extra: Record<string, string> = {}) => stackSays(['up'], extra)

export async function statusOf(service: string): Promise<ServiceStatus> {
  const found = (await statuses()).find(({ name }) => name === service)
  if (found === undefined) throw new Error(`${service} is no part of the stack`)
  return found
}

/** How often the stack has restarted each service. */
export const restarts = async () => Object.fromEntries((await statuses()).map(({ name, restarts }) => [name, restarts]))

/** `make status JSON=1`; it exits with 1 while anything is not ready. */
export async function statuses(): Promise<ServiceStatus[]> {
  const asked = execute('node', ['ops/stack/main.ts', 'status', '--json'], { cwd: root, env: childEnvironment() })
  const { stdout } = await asked.catch((error: { stdout: string }) => error)
  return JSON.parse(stdout).services
}

/** SIGSTOP for the service's process and all below it; returns what lets them go on. */
export async function freeze(service: string): Promise<() => void> {
  const { pid } = await statusOf(service)
  if (pid === undefined) throw new Error(`${service} does not run`)
  const frozen = [pid, ...descendants(pid)]
  for (const one of frozen) signal(one, 'SIGSTOP')
  return () => {
    for (const one of frozen) signal(one, 'SIGCONT')
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

/** PostgreSQL's processes are no process group: parents are asked for. */
function descendants(pid: number): number[] {
  const children = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && parentOf(name) === pid)
    .map(Number)
  return children.flatMap((child) => [child, ...descendants(child)])
}

function parentOf(pid: string): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])
  } catch {
    return undefined
  }
}
