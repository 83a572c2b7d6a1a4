// A lock between processes: a folder that only one can make, with the holder's name in it.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { wait } from '@tally/platform/process/clock'
import { readIfThere } from './files.ts'
import { isAlive, startTime } from './processes.ts'
import { say } from './progress.ts'

const POLL_MS = 250

/** Runs `work` alone; a holder that died is passed over. */
export async function withLock<T>(path: string, work: () => Promise<T>): Promise<T> {
  let told = false
  while (!tryLock(path)) {
    const holder = readIfThere(join(path, 'holder'))?.split(' ').map(Number)
    const [pid = 0, started = 0] = holder ?? []
    if (holder && !isAlive({ pid, started })) {
      rmSync(path, { recursive: true, force: true })
      continue
    }
    if (!told) say(`waiting for another set-up (process ${pid || 'unknown'}, ${path})`)
    told = true
    await wait(POLL_MS)
  }
  try {
    return await work()
  } finally {
    rmSync(path, { recursive: true, force: true })
  }
}

function tryLock(path: string): boolean {
  try {
    mkdirSync(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
  writeFileSync(join(path, 'holder'), `${process.pid} ${startTime(process.pid)}`)
  return true
}
