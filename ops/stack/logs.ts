// Shows the log files of a stack.
import { spawn } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Command } from './command.ts'
import { StackError } from './errors.ts'

/** The last lines of the named services, or of all; follows them when asked to. */
export function showLogs({ settings, names, follow, lines }: Command): Promise<number> {
  const { stackDir, stack } = settings
  const present = existsSync(stackDir) ? readdirSync(stackDir).filter((name) => name.endsWith('.log')) : []
  const chosen = names.length > 0 ? names.map((name) => `${name}.log`) : present
  const missing = chosen.find((name) => !present.includes(name))
  if (missing !== undefined || present.length === 0) {
    const there = present.map((name) => name.slice(0, -'.log'.length)).join(', ')
    throw new StackError(
      `the stack "${stack}" has no log of ${missing?.slice(0, -'.log'.length) ?? 'anything'}; there are: ${there || 'none'}`,
    )
  }
  const words = ['-n', lines, ...(follow ? ['-F'] : []), ...chosen.map((name) => join(stackDir, name))]
  return new Promise((resolve) => spawn('tail', words, { stdio: 'inherit' }).on('exit', (code) => resolve(code ?? 0)))
}
