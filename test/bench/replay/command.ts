// `make replay-dlq` as a process: how long it ran, how much memory it held, what became of the letters.
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { childEnvironment } from '../../support/config.ts'
import { peakMb } from '../memory.ts'

const LOOK_EVERY_MS = 20
const SCRIPT = 'dlq-replayer/replay-dlq.ts'

type Run = { id: string; how: string; at: string; lastAt: string; tally: { outcomes: Record<string, number> } }
export type Answer = { planId?: string; selected?: number; runs?: Run[] }
export type Ran = { answer: Answer; status: number | null; seconds: number; peakMb: number }

/** Runs the command with these variables and JSON=1. */
export async function runCommand(variables: Record<string, string>): Promise<Ran> {
  const began = performance.now()
  const child = spawn('ops/replay-dlq', {
    cwd: new URL('../../..', import.meta.url).pathname,
    env: childEnvironment({ ...variables, JSON: '1' }),
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  let output = ''
  child.stdout.on('data', (chunk) => {
    output += chunk
  })
  let ended = false
  const closed = new Promise<number | null>((resolve) => child.on('close', resolve)).finally(() => {
    ended = true
  })
  let peak = 0
  let pid: number | undefined
  while (!ended) {
    pid ??= scriptBelow(child.pid ?? 0)
    if (pid !== undefined) peak = lookAt(pid) ?? peak
    await delay(LOOK_EVERY_MS)
  }
  const status = await closed
  const seconds = (performance.now() - began) / 1_000
  if (output === '') throw new Error(`the command ended with ${status} and said nothing: ${JSON.stringify(variables)}`)
  return { answer: JSON.parse(output), status, seconds, peakMb: peak }
}

function lookAt(pid: number): number | undefined {
  try {
    return peakMb(pid) || undefined
  } catch {
    return undefined
  }
}

/** The command's own node process, below the ones that start it. */
function scriptBelow(pid: number): number | undefined {
  try {
    if (readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')[1] === SCRIPT) return pid
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean)
    return children.flatMap((child) => scriptBelow(Number(child)) ?? [])[0]
  } catch {
    return undefined
  }
}

/** Replays all that is open, after which every letter must be counted. */
export async function replayAll(letters: number, variables: Record<string, string> = {}): Promise<Ran & { runSeconds: number }> {
  const ran = await runCommand({ GO: '1', WHY: 'bench', YES: '1', ...variables })
  const [run] = ran.answer.runs ?? []
  const counted = run?.tally.outcomes.counted
  if (run === undefined || ran.status !== 0 || counted !== letters) {
    throw new Error(`of ${letters} letters: ${JSON.stringify(run?.tally.outcomes)}, ${run?.how}, exit code ${ran.status}`)
  }
  return { ...ran, runSeconds: (Date.parse(run.lastAt) - Date.parse(run.at)) / 1_000 }
}
