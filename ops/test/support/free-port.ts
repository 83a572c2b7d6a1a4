// Ports for tests: below the range that the system hands out to clients, beside those of any stack.
import { isFree } from '../../stack/ports.ts'

/** Somewhere else in each process, since several may run at once. */
let next = 24_000 + Math.floor(Math.random() * 4_000)

/** A port nobody listens on, never the same one twice. */
export async function freePort(): Promise<number> {
  do next += 1
  while (!(await isFree(next)))
  return next
}
