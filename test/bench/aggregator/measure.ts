// Runs a consuming process from its assignment to the last record, and looks from outside what that cost.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { cpuSeconds } from '../api/cpu.ts'
import { peakMb } from '../memory.ts'
import { config, environment } from './config.ts'

export type Cost = { perSecond: number; cpuMicros: number; peakMb: number; seconds: number }

const LOOK_EVERY_MS = 50

/**
 * @param argv arguments of node
 * @param done asked until it says yes; without it the process says `done` itself
 */
export async function measure(argv: string[], extra: Record<string, string> = {}, done?: () => Promise<boolean>): Promise<Cost> {
  const child = spawn(process.execPath, argv, { env: environment(extra), stdio: ['ignore', 'pipe', 'inherit'] })
  const exited = once(child, 'exit')
  const pid = child.pid as number
  const heard = new Set<string>()
  let failed = ''
  createInterface(child.stdout).on('line', (line) => {
    const { msg = '', level = 30 } = JSON.parse(line) as { msg?: string; level?: number }
    heard.add(msg)
    if (level > 30) failed ||= line
  })
  const hear = async (word: string) => {
    while (!heard.has(word)) {
      if (child.exitCode !== null) throw new Error(`${argv.join(' ')} ended with ${child.exitCode}: ${failed}`)
      await delay(5)
    }
  }
  await hear('assigned')
  const began = performance.now()
  const cpuBefore = cpuSeconds(pid)
  if (done === undefined) await hear('done')
  else while (!(await done())) await delay(LOOK_EVERY_MS)
  const seconds = (performance.now() - began) / 1_000
  const cpu = cpuSeconds(pid) - cpuBefore
  const cost = { perSecond: config.SCALE / seconds, cpuMicros: (cpu / config.SCALE) * 1e6, peakMb: peakMb(pid), seconds }
  child.kill('SIGTERM')
  await exited
  if (failed !== '') throw new Error(`${argv.join(' ')} complained: ${failed}`)
  return cost
}
