// The schemas as they are on another branch, by git.
import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { StopProcess } from '@tally/platform/process/errors'

const FOLDER = fileURLToPath(new URL('../', import.meta.url))

export type GitBase = {
  /** Short name of the commit the checkout branched off at. */
  commit: string
  /** Files below schemas/, as `OrderPlaced.avsc` or `history/SUBJECT/1.avsc`. */
  files: ReadonlyMap<string, string>
}

/**
 * Where this checkout branched off from `base`.
 * @throws StopProcess (exit code 2) when git does not know it
 */
export function gitBase(base: string): GitBase {
  const git = (...args: string[]) => {
    try {
      return execFileSync('git', args, { cwd: FOLDER, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
    } catch (error) {
      const why = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : String(error)
      throw new StopProcess(`cannot compare with BASE=${base}: ${why}\nFetch that branch, or name another: make schema-check BASE=…`, 2)
    }
  }
  const commit = git('merge-base', base, 'HEAD').trim()
  const names = git('ls-tree', '-r', '--name-only', commit, '.')
    .split('\n')
    .filter((name) => name.endsWith('.avsc'))
  return { commit: commit.slice(0, 10), files: new Map(names.map((name) => [name, git('show', `${commit}:./${name}`)])) }
}
