// Ports for tests: below the range that the system hands out to clients.
import { isFree } from '../../stack/ports.ts'

let next = 4_000 + (process.pid % 500) * 4

/** A port nobody listens on, never the same one twice. */
export async function freePort(): Promise<number> {
  do next += 1
  while (!(await isFree(next)))
  return next
}
