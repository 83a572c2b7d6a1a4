// Ports for tests: below the range that the system hands out to clients, above those of the tests' own stack.
import { isFree } from '../../stack/ports.ts'

/** Each process has some of its own, since several may run at once and a stack's services leave theirs for a while. */
let next = 30_000 + (process.pid % 80) * 32

/** A port nobody listens on, never the same one twice. */
export async function freePort(): Promise<number> {
  do next += 1
  while (!(await isFree(next)))
  return next
}
