// Runs the tests: `node test/run.ts [lint|unit|component|e2e|chaos]`, all without an argument. The last line counts.
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { childEnvironment, leftAlone, STACK } from './support/config.ts'

/** `faults`: what failed, a line or more each, told again at the end, where it is looked for. */
type Counts = { passed: number; failed: number; skipped: number; faults: string[] }

const PHASES = ['lint', 'unit', 'component', 'e2e', 'chaos'] as const
type Phase = (typeof PHASES)[number]
const asked = process.argv[2]
const NEEDS_STACK: readonly Phase[] = ['component', 'e2e', 'chaos']

/** Everything takes a quarter of an hour. What hangs past mocha's own timeouts hangs in native code. */
const LIMIT_MS = 45 * 60_000

const root = new URL('..', import.meta.url).pathname
const counts: Counts = { passed: 0, failed: 0, skipped: 0, faults: [] }
const seconds: Record<string, number> = {}
const scratch = mkdtempSync(join(tmpdir(), 'tally-test-'))
/** Then nothing more is begun but what stops the stack. */
let cutOff = false
const children = new Set<ReturnType<typeof spawn>>()

function command(argv: string[], { later = false } = {}): Promise<number> {
  const child = spawn(argv[0] ?? '', argv.slice(1), {
    cwd: root,
    stdio: later ? ['ignore', 'pipe', 'pipe'] : 'inherit',
    env: childEnvironment(),
  })
  const output: Buffer[] = []
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => output.push(chunk))
  children.add(child)
  return new Promise((resolve) => {
    child.on('error', (error) => {
      process.stderr.write(`${argv.join(' ')}: ${error.message}\n`)
      resolve(1)
    })
    child.on('close', (code) => {
      children.delete(child)
      process.stdout.write(Buffer.concat(output))
      resolve(code ?? 1)
    })
  })
}

async function timed(title: string, work: () => Promise<void>): Promise<void> {
  process.stdout.write(`\n── ${title}\n`)
  const start = performance.now()
  await work()
  seconds[title] = (performance.now() - start) / 1000
}

function failedBy(fault: string): void {
  counts.failed += 1
  counts.faults.push(fault)
}

/** A command that counts as one test. */
const check = (title: string, argv: string[]) =>
  timed(title, async () => {
    if ((await command(argv)) === 0) counts.passed += 1
    else failedBy(title)
  })

/** Each lane is a mocha of its own; they run side by side, and what the second one prints comes when it has ended. */
const mochaPhase = (phase: Phase, lanes: string[][]) =>
  timed(`${phase} tests`, async () => {
    await Promise.all(lanes.map((patterns, lane) => mocha(phase, lane, patterns)))
  })

async function mocha(phase: Phase, lane: number, patterns: string[]): Promise<void> {
  const file = join(scratch, `${phase}-${lane}.json`)
  const timeoutMs = phase === 'unit' ? '10000' : '120000'
  const options = ['--reporter', './test/support/reporter.ts', '--reporter-option', `counts=${file}`, '--timeout', timeoutMs]
  const code = await command(['mocha', ...options, ...patterns], { later: lane > 0 })
  const ran = readCounts(file)
  counts.passed += ran.passed
  counts.failed += ran.failed
  counts.skipped += ran.skipped
  counts.faults.push(...ran.faults)
  if (code !== 0 && ran.failed === 0) failedBy(`${phase} tests ended with ${code}`)
}

function readCounts(file: string): Counts {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch {
    return { passed: 0, failed: 0, skipped: 0, faults: [] }
  }
}

const every = '{schemas,platform,connectors,ingest-api,aggregator,forecaster,dlq-replayer,ops}'

const LANES: Record<Exclude<Phase, 'lint'>, string[][]> = {
  unit: [[`${every}/test/*.unit.test.ts`, 'test/*.unit.test.ts']],
  // Most of these wait rather than work. Two that use the same replication slot, or the machine's stacks, are in one lane.
  component: [
    ['{schemas,connectors,ingest-api}/test/*.component.test.ts'],
    ['{platform,aggregator,forecaster,dlq-replayer,ops}/test/*.component.test.ts'],
  ],
  e2e: [['test/e2e/*.e2e.test.ts']],
  // All of them take a quarter of an hour: a run of everything takes those in push/.
  chaos: [asked === 'chaos' ? ['test/chaos/{push/,}*.chaos.test.ts'] : ['test/chaos/push/*.chaos.test.ts']],
}

async function runPhases(phases: readonly Phase[]): Promise<void> {
  if (phases.includes('lint')) {
    await check('lint', ['biome', 'check', '--error-on-warnings', '.'])
    await check('types', ['tsc', '--noEmit'])
  }
  if (phases.includes('unit')) await mochaPhase('unit', LANES.unit)
  const onStack = phases.filter((phase) => NEEDS_STACK.includes(phase))
  if (onStack.length === 0 || cutOff) return
  process.stderr.write(leftAlone() ?? '')
  // What holds somebody's data is refused, and then nothing more is done to that stack.
  if ((await command(['node', 'ops/stack/main.ts', 'clean'])) !== 0) return failedBy(`the stack "${STACK}" cannot be emptied for the tests`)
  try {
    await check('stack up', ['node', 'ops/stack/main.ts', 'up'])
    for (const phase of onStack) if (!cutOff) await mochaPhase(phase, LANES[phase as Exclude<Phase, 'lint'>])
  } finally {
    await check('stack down', ['node', 'ops/stack/main.ts', 'down'])
    if (counts.failed === 0) await command(['node', 'ops/stack/main.ts', 'clean'])
    else process.stdout.write(`the stack's logs and data are kept in .stack/${STACK}\n`)
  }
}

if (asked !== undefined && !PHASES.includes(asked as Phase)) {
  process.stderr.write(`there is no phase "${asked}": choose of ${PHASES.join(', ')}, or none for all\n`)
  process.exit(2)
}
function cutOffBy(what: string, signal: NodeJS.Signals): void {
  cutOff = true
  failedBy(`cut off by ${what}, in ${[...children].map(({ spawnargs }) => spawnargs.at(-1)).join(' and ')}`)
  for (const child of children) child.kill(signal)
}
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => cutOffBy(signal, signal))
setTimeout(() => cutOffBy(`its own limit of ${LIMIT_MS / 60_000} minutes`, 'SIGTERM'), LIMIT_MS).unref()
await runPhases(asked ? [asked as Phase] : PHASES)
rmSync(scratch, { recursive: true, force: true })

process.stdout.write(
  `\n${Object.entries(seconds)
    .map(([title, s]) => `${title} ${s.toFixed(0)} s`)
    .join(' · ')}\n`,
)
for (const fault of counts.faults) process.stdout.write(`failed: ${fault}\n`)
const skipped = counts.skipped > 0 ? `, ${counts.skipped} skipped` : ''
process.stdout.write(`${counts.passed} passed, ${counts.failed} failed${skipped}\n`)
process.exitCode = counts.failed > 0 || counts.passed === 0 ? 1 : 0
