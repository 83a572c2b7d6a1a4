// CPU seconds of processes, read from /proc (Linux).
import { readdirSync, readFileSync } from 'node:fs'

const TICKS_PER_SECOND = 100

type Stat = { pid: number; parent: number; seconds: number }

/** Its own time and that of the children it has waited for: backends that ended count for the server. */
function statOf(pid: number): Stat | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = text
      .slice(text.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number)
    const ticks = fields.slice(11, 15).reduce((sum, value) => sum + value, 0)
    return { pid, parent: fields[1] ?? 0, seconds: ticks / TICKS_PER_SECOND }
  } catch {
    return undefined
  }
}

/** CPU seconds used so far by the process and all below it. */
export function cpuSeconds(root: number): number {
  const stats = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => statOf(Number(name)) ?? [])
  const within = new Set([root])
  for (let grown = true; grown; ) {
    const before = within.size
    for (const { pid, parent } of stats) if (within.has(parent)) within.add(pid)
    grown = within.size > before
  }
  return stats.reduce((sum, { pid, seconds }) => sum + (within.has(pid) ? seconds : 0), 0)
}
