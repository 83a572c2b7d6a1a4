// A service of one scenario each: argv names it. Prints what closes.
import { wait } from '../../process/clock.ts'
import { int, readConfig } from '../../process/config.ts'
import { StopProcess } from '../../process/errors.ts'
import { createLog } from '../../process/log.ts'
import { type App, run } from '../../process/run.ts'

const say = (text: string) => process.stdout.write(`${text}\n`)

const scenarios: Record<string, (app: App) => Promise<void>> = {
  async drains(app) {
    app.onClose('first', async () => {
      await wait(20)
      say('closed first')
    })
    app.onClose('second', () => say('closed second'))
    app.stopping.addEventListener('abort', () => say('stopping'))
    setInterval(() => {}, 1_000)
    say('ready')
  },
  async hangs(app) {
    app.onClose('hanging', () => new Promise(() => {}))
    setInterval(() => {}, 1_000)
    say('ready')
  },
  async 'fails to close'(app) {
    app.onClose('other', () => say('closed other'))
    app.onClose('broken', () => Promise.reject(new Error('on purpose')))
    setInterval(() => {}, 1_000)
    say('ready')
  },
  async 'fails at start'(app) {
    app.onClose('store', () => say('closed store'))
    throw new StopProcess('cannot go on', 65)
  },
  async 'fails while draining'(app) {
    app.onClose('loop', async () => app.fail(new Error('on purpose')))
    setInterval(() => {}, 1_000)
    say('ready')
  },
  async rejects(app) {
    app.onClose('store', () => say('closed store'))
    void Promise.reject(new Error('nobody looked'))
    await wait(5_000)
  },
}

run(
  () => {
    const { DRAIN_TIMEOUT_MS } = readConfig({ DRAIN_TIMEOUT_MS: int(1) }, { DRAIN_TIMEOUT_MS: process.argv[3] })
    return { log: createLog('scenario', 'silent'), drainTimeoutMs: DRAIN_TIMEOUT_MS }
  },
  (app) => (scenarios[String(process.argv[2])] as (app: App) => Promise<void>)(app),
)
