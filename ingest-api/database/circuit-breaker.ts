// Does not ask again and again what is away: while open, callers are told at once, and one of them probes now and then.
import type { Clock } from '@tally/platform/process/clock'
import { Unavailable } from '@tally/platform/process/errors'

export type Breaker = {
  /** Runs the work, or throws Unavailable without running it. */
  run<T>(work: () => Promise<T>): Promise<T>
  isOpen(): boolean
  /** How often it has opened. */
  opened(): number
}

type Options = {
  clock: Clock
  /** How long it stays open before one caller may try. */
  probeAfterMs: number
  /** Whether an error says that what is asked is away; any other is an answer. */
  isOutage: (error: unknown) => boolean
  onChange: (open: boolean, why: unknown) => void
  /** What callers are told while it is open. */
  message: string
}

/** Closed at first. One outage opens it, one answer closes it. */
export function circuitBreaker({ clock, probeAfterMs, isOutage, onChange, message }: Options): Breaker {
  let open = false
  let times = 0
  let probeAt = 0
  let probing = false

  /** Further off than it ever was set: the clock stepped back, and nobody would probe until it has caught up. */
  function isDue(): boolean {
    const waitMs = probeAt - clock.now()
    return waitMs <= 0 || waitMs > probeAfterMs
  }

  function answered(): void {
    if (!open) return
    open = false
    onChange(false, undefined)
  }

  function failed(why: unknown): void {
    probeAt = clock.now() + probeAfterMs
    if (open) return
    open = true
    times += 1
    onChange(true, why)
  }

  return {
    async run(work) {
      const probe = open
      if (probe && (probing || !isDue())) throw new Unavailable(message)
      if (probe) probing = true
      try {
        const result = await work()
        // Work begun before the outage may end well after it was noticed: only a probe knows what is true now.
        if (probe) answered()
        return result
      } catch (error) {
        if (isOutage(error)) failed(error)
        else if (probe) answered()
        throw error
      } finally {
        if (probe) probing = false
      }
    },
    isOpen: () => open,
    opened: () => times,
  }
}
