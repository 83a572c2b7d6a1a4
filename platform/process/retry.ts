// Repeats what failed because something is away, with jittered back-off, until a deadline.
import { type Backoff, backoffMs } from './backoff.ts'
import { type Clock, systemClock, wait } from './clock.ts'
import { Unavailable } from './errors.ts'

type Options = {
  deadlineMs: number
  backoff?: Backoff
  clock?: Clock
  /** Told before each wait. */
  onRetry?(error: Unavailable, attempt: number): void
}

/** Repeats `work` while it throws Unavailable; past the deadline the last one is thrown. Anything else is thrown at once. */
export async function whileUnavailable<T>(
  work: () => Promise<T>,
  { deadlineMs, backoff = { firstMs: 200, maxMs: 3_000 }, clock = systemClock, onRetry = () => {} }: Options,
): Promise<T> {
  const deadline = clock.now() + deadlineMs
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work()
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error
      const left = deadline - clock.now()
      if (left <= 0) throw error
      onRetry(error, attempt)
      await wait(Math.min(left, backoffMs(attempt, backoff)))
    }
  }
}
