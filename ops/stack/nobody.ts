// PostgreSQL refuses to run as root: for root its processes and files belong to nobody.
import { chownSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { isRoot } from './config.ts'
import { readIfThere } from './files.ts'

const DEFAULT_ID = 65_534

/** The user to drop to; undefined when we are not root. */
export function nobody(): { uid: number; gid: number } | undefined {
  if (!isRoot()) return undefined
  const entry = (readIfThere('/etc/passwd') ?? '').split('\n').find((line) => line.startsWith('nobody:'))
  const [uid = DEFAULT_ID, gid = DEFAULT_ID] = entry?.split(':').slice(2, 4).map(Number) ?? []
  return { uid, gid }
}

/** Makes nobody the owner, when we are root. */
export function giveToNobody(...paths: string[]): void {
  const owner = nobody()
  if (owner) for (const path of paths) chownSync(path, owner.uid, owner.gid)
}

/** The first folder on the way to `path` that nobody cannot walk through; undefined when all is well, or when we are not root. */
export function unwalkable(path: string): string | undefined {
  if (!isRoot() || path === '/') return undefined
  const EXECUTABLE_BY_OTHERS = 0o001
  const mode = statSync(path, { throwIfNoEntry: false })?.mode
  return unwalkable(dirname(path)) ?? (mode !== undefined && (mode & EXECUTABLE_BY_OTHERS) === 0 ? path : undefined)
}
