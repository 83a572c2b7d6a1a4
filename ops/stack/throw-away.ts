// Tests and benchmarks empty their stacks unasked: only those that they made themselves, which a file in the stack's folder tells.
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Settings } from './config.ts'
import { StackError } from './errors.ts'
import { postgresDir } from './places.ts'

const MARK = 'throw-away'
const WHY = 'A test or a benchmark made this stack and may delete all its data at any time. To keep the data, delete this file.\n'

/** Marks a stack that has no data yet, when tests or benchmarks are about to start it. */
export function markThrowAway(settings: Settings): void {
  if (!settings.throwAway || foldersWithData(settings).length > 0) return
  mkdirSync(settings.stackDir, { recursive: true })
  writeFileSync(join(settings.stackDir, MARK), WHY)
}

/** @throws StackError when tests or benchmarks ask, and the stack holds data that is not theirs */
export function mayBeEmptied(settings: Settings): void {
  const { throwAway, stackDir, stack } = settings
  if (!throwAway || existsSync(join(stackDir, MARK))) return
  const [folder] = foldersWithData(settings)
  if (folder === undefined) return
  throw new StackError(
    `${folder} holds data of a stack that was not made for tests or benchmarks, so they do not delete it. Nothing was changed.\n` +
      'Let them use a stack of their own: leave TEST_STACK unset, or set it to a name that is not in use. ' +
      `If nobody needs the data: make clean STACK=${stack}`,
  )
}

const foldersWithData = (settings: Settings): string[] =>
  [settings.stackDir, postgresDir(settings)].filter((folder) => existsSync(folder) && readdirSync(folder).length > 0)
