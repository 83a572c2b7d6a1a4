// Runs one command to its end; what it says is shown only when it fails.
import { spawn } from 'node:child_process'
import { StackError } from './errors.ts'

const KEPT_CHARACTERS = 4_000

/** @throws StackError with the command's last words */
export function runCommand(argv: string[], options: { cwd?: string; env?: NodeJS.ProcessEnv } = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(argv[0] ?? '', argv.slice(1), { ...options, stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    const keep = (chunk: Buffer) => {
      output = (output + chunk.toString()).slice(-KEPT_CHARACTERS)
    }
    child.stdout.on('data', keep)
    child.stderr.on('data', keep)
    child.on('error', (error) => reject(new StackError(`${argv[0]} cannot be run: ${error.message}`)))
    child.on('close', (code, signal) => {
      if (code === 0) resolve(output)
      else reject(new StackError(`${argv.join(' ')}\nended with ${signal ?? `exit code ${code}`}:\n${output.trim()}`))
    })
  })
}
