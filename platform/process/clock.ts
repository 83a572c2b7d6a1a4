// The one place that reads the clock. Everything else is given a Clock.
import { setTimeout as delay } from 'node:timers/promises'

/** Wall-clock time in epoch milliseconds. */
export type Clock = { now(): number }

export const systemClock: Clock = { now: () => Date.now() }

/** Waits `ms`, not at all when that is not positive; returns early, without an error, when the signal aborts. */
export async function wait(ms: number, signal?: AbortSignal): Promise<void> {
  if (ms > 0) await delay(ms, undefined, { signal }).catch(() => {})
}
