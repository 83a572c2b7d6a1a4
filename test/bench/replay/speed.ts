// Records/s of a replay, from its start to its last outcome, against a bare produce of the same records, in turns.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { ensureTopics } from '@tally/platform/kafka/topics'
import type { RecordLog } from '@tally/platform/records/record-log'
import { childEnvironment } from '../../support/config.ts'
import { counted } from '../../support/counts.ts'
import { uniqueCategory } from '../../support/orders.ts'
import { stack } from '../../support/stack.ts'
import { cpuSeconds } from '../api/cpu.ts'
import { pidsOf } from '../api/processes.ts'
import { spreadOf } from '../api/statistics.ts'
import { replayAll } from './command.ts'
import { ROUNDS, SCALE } from './config.ts'
import { fillQueue, replaysOf, sumOfLetters } from './letters.ts'

/** Sent at once, as the replayer sends without a rate. */
const SLICE = 500
const GOAL = 0.6
const BARE_TOPIC = 'bench-replay-bare'
const PROCESSES = ['dlq-replayer', 'aggregator', 'kafka', 'postgres', 'connect', 'forecaster']

const say = (text: string) => process.stdout.write(`${text}\n`)
const rounded = (value: number) => Math.round(value).toLocaleString('en')
const shown = (values: number[], digits = 0) => {
  const { median, low, high } = spreadOf(values)
  return `${median.toFixed(digits)} (${low.toFixed(digits)}–${high.toFixed(digits)})`
}

/** By kafkajs as it comes, in a process in which nothing of it is replaced. */
async function bareProduce(): Promise<number> {
  const child = spawn(process.execPath, ['test/bench/replay/produce-only.ts', BARE_TOPIC], {
    cwd: new URL('../../..', import.meta.url).pathname,
    env: childEnvironment(),
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [output] = await Promise.all([text(child.stdout), once(child, 'exit')])
  if (child.exitCode !== 0) throw new Error(`the bare produce ended with ${child.exitCode}`)
  return (JSON.parse(output) as { perSecond: number }).perSecond
}

async function ourAppend(log: RecordLog): Promise<number> {
  const records = replaysOf(SCALE)
  const began = performance.now()
  for (let n = 0; n < SCALE; n += SLICE) await log.append(BARE_TOPIC, records.slice(n, n + SLICE))
  return SCALE / ((performance.now() - began) / 1_000)
}

async function replay(log: RecordLog): Promise<{ run: number; command: number; cpu: string }> {
  const category = uniqueCategory('replay')
  await fillQueue(log, category, SCALE)
  const pids = await pidsOf(...PROCESSES)
  const before = pids.map(cpuSeconds)
  const { seconds, runSeconds } = await replayAll(SCALE, { RATE: '0' })
  const cpu = pids.map((pid, i) => `${PROCESSES[i]} ${rounded(((cpuSeconds(pid) - (before[i] ?? 0)) * 1e6) / SCALE)}`).join(', ')
  const sum = await counted(category)
  if (JSON.stringify(sum) !== JSON.stringify(sumOfLetters(SCALE))) throw new Error(`the totals are wrong: ${JSON.stringify(sum)}`)
  return { run: SCALE / runSeconds, command: SCALE / seconds, cpu }
}

/** Says each round and what they come to. */
export async function measureSpeed(log: RecordLog): Promise<void> {
  await ensureTopics([stack.kafka], [{ topic: BARE_TOPIC, partitions: 6, config: {} }])
  say(`${rounded(SCALE)} letters a replay; the first round warms up`)
  const bare: number[] = []
  const runs: { run: number; command: number }[] = []
  for (let round = 0; round <= ROUNDS; round += 1) {
    const produced = await bareProduce()
    const appended = await ourAppend(log)
    const replayed = await replay(log)
    say(
      `  bare produce ${rounded(produced)}/s   replay ${rounded(replayed.run)}/s, ratio ${(replayed.run / produced).toFixed(2)}   command ${rounded(replayed.command)}/s   our append ${rounded(appended)}/s`,
    )
    say(`    µs of CPU a letter: ${replayed.cpu}`)
    if (round === 0) continue
    bare.push(produced)
    runs.push(replayed)
  }
  const ratios = runs.map(({ run }, i) => run / (bare[i] ?? Number.NaN))
  say(
    `  bare produce ${shown(bare)}/s   replay ${shown(runs.map(({ run }) => run))}/s   whole command ${shown(runs.map(({ command }) => command))}/s`,
  )
  const met = spreadOf(ratios).median >= GOAL
  say(`  ${met ? 'met   ' : 'MISSED'} replay against bare produce ${shown(ratios, 2)} (≥ ${GOAL})`)
}
