// Nothing that was fetched is used before its SHA-256 is the one in the repository.
import { createHash } from 'node:crypto'
import { createReadStream, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { StackError } from './errors.ts'

/** The folder holds exactly these files with exactly these contents. @throws StackError naming every other one */
export async function verify(folder: string, expected: { path: string; sha256: string }[]): Promise<void> {
  const names = new Set(expected.map(({ path }) => path))
  const faults = readdirSync(folder)
    .filter((name) => !names.has(name))
    .map((name) => `${name} is not listed`)
  for (const { path, sha256 } of expected) {
    const actual = await sha256Of(join(folder, path)).catch(() => undefined)
    if (actual === undefined) faults.push(`${path} is missing`)
    else if (actual !== sha256) faults.push(`${path} has SHA-256 ${actual}, expected ${sha256}`)
  }
  if (faults.length === 0) return
  throw new StackError(
    `what Maven fetched is not what ops/stack/downloads.sha256 lists:\n  ${faults.join('\n  ')}\n` +
      'If a file is damaged, delete it under ~/.m2/repository and try again; if a version was changed on purpose, change the list with it.',
  )
}

async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(path), hash)
  return hash.digest('hex')
}
