// Every process of a stack is written down, so that what outlives a killed supervisor is found and stopped.
import { existsSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readIfThere } from './files.ts'
import type { ProcessId } from './processes.ts'
import { endGroup, groupMembers, isAlive } from './processes.ts'

export type Recorded = ProcessId & { name: string; stopSignal: NodeJS.Signals; stopGraceMs: number }

const recordFile = (stackDir: string) => join(stackDir, 'processes.json')

/** Replaces the record; it is never half written. */
export function record(stackDir: string, processes: Recorded[]): void {
  const file = recordFile(stackDir)
  if (processes.length === 0) {
    rmSync(file, { force: true })
    return
  }
  writeFileSync(`${file}.new`, JSON.stringify(processes))
  renameSync(`${file}.new`, file)
}

/** Stops what an earlier supervisor left running; later starters first. The names of what was. */
export async function stopLeftovers(stackDir: string): Promise<string[]> {
  if (!existsSync(recordFile(stackDir))) return []
  const recorded = JSON.parse(readIfThere(recordFile(stackDir)) ?? '[]') as Recorded[]
  const left = recorded.filter((one) => isAlive(one) || isOrphanedGroup(one))
  for (const { pid, stopSignal, stopGraceMs } of left.toReversed()) await endGroup(pid, stopSignal, stopGraceMs)
  record(stackDir, [])
  return left.map(({ name }) => name)
}

/** The leader is gone but its group is not: as long as it has members its number cannot be someone else's. */
const isOrphanedGroup = ({ pid, started }: Recorded) => groupMembers(pid).length > 0 && !isReused(pid, started)

const isReused = (pid: number, started: number) => groupMembers(pid).includes(pid) && !isAlive({ pid, started })
