// Folders of one stack outside .stack/NAME.
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import type { Settings } from './config.ts'
import { isRoot, root } from './config.ts'

/** Longest path a unix socket can have on Linux, less the closing zero. */
const MAX_SOCKET_PATH = 107

const hash = (text: string) => createHash('sha256').update(text).digest('hex').slice(0, 12)

/** PostgreSQL's data: for root where nobody can walk to it, whatever the modes of the folders above the checkout. */
export const postgresDir = ({ stack, stackDir }: Settings): string => (isRoot() ? join('/var/lib/tally', hash(root), stack) : stackDir)

/** Where the supervisor listens. */
export function controlSocket({ stackDir }: Settings): string {
  const path = join(stackDir, 'control.sock')
  return Buffer.byteLength(path) <= MAX_SOCKET_PATH ? path : `/tmp/tally-${process.getuid?.()}-${hash(stackDir)}.sock`
}
