// Runs a command in the foreground with a service's environment, and passes its exit code on.
import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import { environment, root } from './config.ts'
import { StackError } from './errors.ts'

/** Standard input, output and error are ours; what the service does not set comes from our own environment. */
export function execute(argv: string[], serviceEnvironment: Record<string, string>): Promise<number> {
  // A folder that only the service itself should write to.
  const { TMPDIR: _, ...env } = serviceEnvironment
  const child = spawn(argv[0] ?? '', argv.slice(1), { cwd: root, env: { ...environment(), ...env } as NodeJS.ProcessEnv, stdio: 'inherit' })
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal))
  return new Promise((resolve, reject) => {
    child.on('error', (error) => reject(new StackError(`${argv[0]} cannot be run: ${error.message}`)))
    child.on('exit', (code, signal) => resolve(code ?? 128 + constants.signals[signal ?? 'SIGKILL']))
  })
}
