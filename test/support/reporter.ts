// Mocha's spec output; writes the counts and the failed tests to the file given as option `counts`, and fails a run that leaks a handle.
import { writeFileSync } from 'node:fs'
import type { MochaOptions, Runner } from 'mocha'
import mocha from 'mocha'

const LEAK_LIMIT_MS = 10_000

export default class CountingSpec extends mocha.reporters.Spec {
  constructor(runner: Runner, options: MochaOptions) {
    super(runner, options)
    const failed: string[] = []
    runner.on(mocha.Runner.constants.EVENT_TEST_FAIL, (test, error) => failed.push(`${test.fullTitle()}: ${error.message}`))
    runner.once(mocha.Runner.constants.EVENT_RUN_END, () => {
      const { passes, failures, pending } = this.stats
      const file = options.reporterOptions?.counts
      if (file) writeFileSync(file, JSON.stringify({ passed: passes, failed: failures, skipped: pending, faults: failed }))
      // Unref'd: it fires only when something else still keeps the process alive.
      setTimeout(() => {
        process.stderr.write(`the tests ended but these are still open: ${process.getActiveResourcesInfo().join(', ')}\n`)
        // What hangs in native code would keep process.exit waiting, too.
        process.kill(process.pid, 'SIGKILL')
      }, LEAK_LIMIT_MS).unref()
    })
  }
}
