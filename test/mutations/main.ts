// Takes each mechanism out of a copy of the checkout and shows that the named test goes red, and is green with it.
import { spawnSync } from 'node:child_process'
import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { copyCheckout, replaceOnce } from '../support/checkout.ts'
import { MUTATIONS, type Mutation } from './mutations.ts'

type Outcome = 'green' | 'red' | 'not found'

const only = process.argv[2]
const copy = copyCheckout()
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.on(signal, () => {
    copy.remove()
    process.exit(130)
  })

/** Only tests with that title; `not found` when there is none. */
function run({ file, title, run = file }: Mutation['test']): Outcome {
  const report = join(copy.path, 'report.json')
  rmSync(report, { force: true })
  const words = ['--timeout', '120000', '--exit', '--reporter', 'json', '--reporter-option', `output=${report}`, '--fgrep', title, run]
  const { status } = spawnSync('mocha', words, { cwd: copy.path, stdio: 'ignore', timeout: 180_000 })
  try {
    const { tests, failures } = JSON.parse(readFileSync(report, 'utf8')).stats
    if (tests === 0 && failures === 0) return 'not found'
  } catch {
    // Broken too far to report anything.
    return 'red'
  }
  return status === 0 ? 'green' : 'red'
}

/** What is wrong with the proof; undefined: nothing. */
function prove({ file, search, replace, test }: Mutation): string | undefined {
  const whole = run(test)
  if (whole !== 'green') return `with the mechanism in place the test is ${whole}`
  let putBack: () => void
  try {
    putBack = replaceOnce(copy, file, search, replace)
  } catch (error) {
    return `bring test/mutations/mutations.ts up to date: ${error instanceof Error ? error.message : error}`
  }
  try {
    return run(test) === 'red' ? undefined : 'SURVIVED: no test notices'
  } finally {
    putBack()
  }
}

let faults = 0
const chosen = MUTATIONS.filter(({ name }) => only === undefined || name.includes(only))
try {
  for (const mutation of chosen) {
    const fault = prove(mutation)
    if (fault !== undefined) faults += 1
    process.stdout.write(`${fault === undefined ? 'red  ' : 'FAULT'} without ${mutation.name}\n      ${fault ?? mutation.test.title}\n`)
  }
} finally {
  copy.remove()
}
process.stdout.write(`${chosen.length} mechanisms taken out, ${chosen.length - faults} noticed by their test\n`)
process.exitCode = faults > 0 || chosen.length === 0 ? 1 : 0
