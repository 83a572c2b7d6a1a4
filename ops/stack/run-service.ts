// One process of a service, in a process group of its own, writing to the service's log.
import { spawn } from 'node:child_process'
import { systemClock } from '@tally/platform/process/clock'
import { StackError } from './errors.ts'
import { nobody } from './nobody.ts'
import type { Spec } from './plan.ts'
import { holderOf, isFree } from './ports.ts'
import { endGroup, startTime } from './processes.ts'
import type { OpenLog } from './service-log.ts'
import { mark, openLog } from './service-log.ts'

export type Running = {
  pid: number
  started: number
  /** Where this process's output begins in the log. */
  logFrom: number
  /** Exit code, or the name of the signal that ended it. */
  exit: Promise<number | string>
  end(signal: NodeJS.Signals, graceMs: number): Promise<'ended' | 'killed'>
}

/** Prepares and starts it. @throws StackError when a port of it is taken, or preparing failed */
export async function runService(spec: Spec): Promise<Running> {
  for (const port of spec.ports) {
    if (!(await isFree(port))) throw new StackError(`port ${port} is taken by ${holderOf(port)} (PORT_OFFSET moves every port)`)
  }
  const log = openLog(spec.logFile)
  try {
    mark(log, `${new Date(systemClock.now()).toISOString()} starting ${spec.name}`)
    await spec.prepare?.(async (argv) => {
      const code = await start(spec, argv, log).exit
      if (code !== 0) throw new StackError(`${argv.find((word) => !word.startsWith('-'))} ended with ${code}`)
    })
    return start(spec, spec.argv, log)
  } finally {
    log.close()
  }
}

function start(spec: Spec, argv: string[], log: OpenLog): Running {
  const child = spawn(argv[0] ?? '', argv.slice(1), {
    cwd: spec.cwd,
    env: spec.environment,
    stdio: ['ignore', log.fd, log.fd],
    detached: true,
    ...(spec.unprivileged && nobody()),
  })
  const exit = new Promise<number | string>((resolve) => {
    child.on('error', (error) => resolve(`it cannot be run: ${error.message}`))
    child.on('exit', (code, signal) => resolve(code ?? `it was ended by ${signal}`))
  })
  const pid = child.pid ?? 0
  return {
    pid,
    started: startTime(pid) ?? 0,
    logFrom: log.from,
    exit,
    end: (signal, graceMs) => (pid === 0 ? Promise.resolve('ended' as const) : endGroup(pid, signal, graceMs)),
  }
}
