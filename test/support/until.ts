// Tests wait on conditions, never on time alone.
import { setTimeout as delay } from 'node:timers/promises'

/**
 * Asks until the answer is neither undefined nor false, and returns it.
 * @throws Error naming `what`, with the last error or answer, after `timeoutMs`
 */
export async function until<T>(
  ask: () => Promise<T | undefined | false> | T | undefined | false,
  { what, timeoutMs = 30_000, everyMs = 50 }: { what: string; timeoutMs?: number; everyMs?: number },
): Promise<T> {
  const deadline = Date.now() + timeoutMs
  let last: unknown
  do {
    try {
      const answer = await ask()
      if (answer !== undefined && answer !== false) return answer
      last = answer
    } catch (error) {
      last = error
    }
    await delay(everyMs)
  } while (Date.now() < deadline)
  throw new Error(`not within ${timeoutMs} ms: ${what} (last: ${last instanceof Error ? last.message : String(last)})`, { cause: last })
}
