// Runs a service: whatever opens pushes its closer, shutdown closes in reverse and tells the truth in its exit code.
import { messageOf } from './errors.ts'
import type { Log } from './log.ts'

export type App = {
  log: Log
  /** Aborts when shutdown begins. */
  stopping: AbortSignal
  /** Whether `main` has opened everything. */
  started(): boolean
  /** Closers run in reverse order of being pushed: open stores first, the public HTTP port last. */
  onClose(name: string, close: () => Promise<unknown> | unknown): void
  /** Ends the process by a fault: closes what it can; the exit code is the error's own, else 1. */
  fail(error: unknown): void
}

type Options = { log: Log; drainTimeoutMs: number }

/**
 * Starts `main`. SIGTERM and SIGINT drain: readiness turns false (see probes.ts), closers run in reverse within
 * `drainTimeoutMs`; a second signal forces. Exit code 0 = drained, 78 = bad configuration, anything else = crashed.
 */
export function run(read: () => Options, main: (app: App) => Promise<void>): void {
  let options: Options
  try {
    options = read()
  } catch (error) {
    process.stderr.write(`${messageOf(error)}\n`)
    process.exit(exitCodeOf(error))
  }
  const { log, drainTimeoutMs } = options
  const closers: { name: string; close: () => Promise<unknown> | unknown }[] = []
  const controller = new AbortController()
  let started = false
  let shutdownBegan = false
  let exitCode = 0

  async function shutdown(): Promise<void> {
    if (shutdownBegan) return
    shutdownBegan = true
    controller.abort()
    const deadline = setTimeout(() => {
      log.fatal(
        { drainTimeoutMs, open: closers.map(({ name }) => name) },
        'not drained in time; what was not committed will be redelivered',
      )
      process.exit(exitCode || 1)
    }, drainTimeoutMs)
    for (let closer = closers.at(-1); closer; closer = closers.at(-1)) {
      try {
        await closer.close()
      } catch (error) {
        exitCode ||= 1
        log.error({ err: error, closer: closer.name }, 'closing failed')
      }
      closers.pop()
    }
    clearTimeout(deadline)
    log.info({ exitCode }, 'stopped')
    process.exit(exitCode)
  }

  const app: App = {
    log,
    stopping: controller.signal,
    started: () => started,
    onClose: (name, close) => closers.push({ name, close }),
    fail(error) {
      exitCode ||= exitCodeOf(error)
      log.fatal({ err: error, exitCode }, messageOf(error))
      void shutdown()
    },
  }

  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      if (shutdownBegan) {
        log.fatal({ signal }, 'forced; what was not committed will be redelivered')
        process.exit(1)
      }
      log.info({ signal }, 'draining')
      void shutdown()
    })
  }
  process.on('uncaughtException', (error) => app.fail(error))
  process.on('unhandledRejection', (error) => app.fail(error))
  main(app).then(
    () => {
      started = true
    },
    (error) => {
      if (!shutdownBegan) app.fail(error)
    },
  )
}

function exitCodeOf(error: unknown): number {
  return error instanceof Error && 'exitCode' in error && typeof error.exitCode === 'number' && error.exitCode !== 0 ? error.exitCode : 1
}
