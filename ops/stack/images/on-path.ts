// Programs that are the machine's own, not part of the set-up.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { StackError } from '../errors.ts'

/** The program's path, by any of its names. @param debian the package that has it; @throws StackError with the way to get it */
export function onPath(path: string, programs: string[], debian: string): string {
  const folders = [...path.split(':'), '/usr/sbin', '/usr/local/bin']
  const found = folders.flatMap((folder) => programs.map((program) => join(folder, program))).find((path) => existsSync(path))
  if (found === undefined)
    throw new StackError(`${programs[0]} is not on PATH. It is optional; on Debian or Ubuntu: apt-get install ${debian}`)
  return found
}
