// Processes by pid and start time (a pid alone may be someone else's by now), and their groups.
import { readdirSync, readFileSync } from 'node:fs'
import { wait } from '@tally/platform/process/clock'

/** `started` in clock ticks since boot, from /proc. */
export type ProcessId = { pid: number; started: number }

const POLL_MS = 25
const KILL_TIMEOUT_MS = 5_000

/** Start time of a process; undefined when there is none, or only its exit code is left. */
export function startTime(pid: number): number | undefined {
  const fields = statFields(pid)
  return fields && Number(fields[19])
}

/** Fields of /proc/PID/stat behind the command, from the state on; undefined for no process and for a zombie. */
function statFields(pid: number): string[] | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The command, in parentheses, may hold anything: fields are counted behind it.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields
  } catch {
    return undefined
  }
}

export const isAlive = ({ pid, started }: ProcessId): boolean => started !== undefined && startTime(pid) === started

/** Living members of the group that `pid` leads, by /proc: a zombie that nobody reaps is not one. */
export function groupMembers(pid: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((member) => {
      const fields = statFields(member)
      return fields !== undefined && Number(fields[2]) === pid
    })
}

/** Signals the group; false when nobody is in it. */
export function signalGroup(pid: number, signal: NodeJS.Signals): boolean {
  try {
    process.kill(-pid, signal)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false
    throw error
  }
}

/** Signals the group, waits, and kills what is left of it. */
export async function endGroup(pid: number, signal: NodeJS.Signals, graceMs: number): Promise<'ended' | 'killed'> {
  if (!signalGroup(pid, signal) || (await groupEnds(pid, graceMs))) return 'ended'
  signalGroup(pid, 'SIGKILL')
  await groupEnds(pid, KILL_TIMEOUT_MS)
  return 'killed'
}

async function groupEnds(pid: number, withinMs: number): Promise<boolean> {
  const deadline = performance.now() + withinMs
  while (groupMembers(pid).length > 0) {
    if (performance.now() > deadline) return false
    await wait(POLL_MS)
  }
  return true
}
