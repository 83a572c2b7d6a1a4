// Runs the tests: `node test/run.ts [lint|unit|component|e2e|chaos]`, all without an argument. The last line counts.
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { childEnvironment, STACK } from './support/config.ts'

type Counts = { passed: number; failed: number; skipped: number }

const PHASES = ['lint', 'unit', 'component', 'e2e', 'chaos'] as const
type Phase = (typeof PHASES)[number]
const NEEDS_STACK: readonly Phase[] = ['component', 'e2e', 'chaos']

const root = new URL('..', import.meta.url).pathname
const counts: Counts = { passed: 0, failed: 0, skipped: 0 }
const seconds: Record<string, number> = {}
const scratch = mkdtempSync(join(tmpdir(), 'tally-test-'))
const children = new Set<ReturnType<typeof spawn>>()

function command(argv: string[]): Promise<number> {
  const child = spawn(argv[0] ?? '', argv.slice(1), {
    cwd: root,
    stdio: 'inherit',
    env: childEnvironment(),
  })
  children.add(child)
  return new Promise((resolve) => {
    child.on('error', (error) => {
      process.stderr.write(`${argv.join(' ')}: ${error.message}\n`)
      resolve(1)
    })
    child.on('exit', (code) => {
      children.delete(child)
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

/** A command that counts as one test. */
const check = (title: string, argv: string[]) =>
  timed(title, async () => {
    counts[(await command(argv)) === 0 ? 'passed' : 'failed'] += 1
  })

const mochaPhase = (phase: Phase, patterns: string[]) =>
  timed(`${phase} tests`, async () => {
    const file = join(scratch, `${phase}.json`)
    const code = await command([
      'mocha',
      '--reporter',
      './test/support/reporter.ts',
      '--reporter-option',
      `counts=${file}`,
      '--timeout',
      phase === 'unit' ? '10000' : '120000',
      ...patterns,
    ])
    const ran = readCounts(file)
    counts.passed += ran.passed
    counts.failed += ran.failed
    counts.skipped += ran.skipped
    if (code !== 0 && ran.failed === 0) counts.failed += 1
  })

function readCounts(file: string): Counts {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch {
    return { passed: 0, failed: 0, skipped: 0 }
  }
}

const PATTERNS: Record<Exclude<Phase, 'lint'>, string[]> = {
  unit: ['{schemas,platform,connectors,ingest-api,aggregator,forecaster,dlq-replayer,ops,test}/test/*.unit.test.ts', 'test/*.unit.test.ts'],
  component: ['{schemas,platform,connectors,ingest-api,aggregator,forecaster,dlq-replayer,ops}/test/*.component.test.ts'],
  e2e: ['test/e2e/*.e2e.test.ts'],
  chaos: ['test/chaos/*.chaos.test.ts'],
}

async function runPhases(phases: readonly Phase[]): Promise<void> {
  if (phases.includes('lint')) {
    await check('lint', ['biome', 'check', '--error-on-warnings', '.'])
    await check('types', ['tsc', '--noEmit'])
  }
  if (phases.includes('unit')) await mochaPhase('unit', PATTERNS.unit)
  const onStack = phases.filter((phase) => NEEDS_STACK.includes(phase))
  if (onStack.length === 0) return
  try {
    await command(['node', 'ops/stack/main.ts', 'clean'])
    await check('stack up', ['node', 'ops/stack/main.ts', 'up'])
    for (const phase of onStack) await mochaPhase(phase, PATTERNS[phase as Exclude<Phase, 'lint'>])
  } finally {
    await check('stack down', ['node', 'ops/stack/main.ts', 'down'])
    if (counts.failed === 0) await command(['node', 'ops/stack/main.ts', 'clean'])
    else process.stdout.write(`the stack's logs and data are kept in .stack/${STACK}\n`)
  }
}

const asked = process.argv[2]
if (asked !== undefined && !PHASES.includes(asked as Phase)) {
  process.stderr.write(`there is no phase "${asked}": choose of ${PHASES.join(', ')}, or none for all\n`)
  process.exit(2)
}
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    counts.failed += 1
    for (const child of children) child.kill(signal)
  })
}
await runPhases(asked ? [asked as Phase] : PHASES)
rmSync(scratch, { recursive: true, force: true })

process.stdout.write(
  `\n${Object.entries(seconds)
    .map(([title, s]) => `${title} ${s.toFixed(0)} s`)
    .join(' · ')}\n`,
)
const skipped = counts.skipped > 0 ? `, ${counts.skipped} skipped` : ''
process.stdout.write(`${counts.passed} passed, ${counts.failed} failed${skipped}\n`)
process.exitCode = counts.failed > 0 || counts.passed === 0 ? 1 : 0
