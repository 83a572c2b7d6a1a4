// Work done in passes: one at a time, after each wake, with rest in between; what is unavailable is tried again.
import { backoffMs } from './backoff.ts'
import { type Clock, wait } from './clock.ts'
import { Unavailable } from './errors.ts'
import type { Log } from './log.ts'

const BACKOFF = { firstMs: 500, maxMs: 30_000 }

type Options = {
  /** Must return soon once the signal aborts. */
  pass(stopping: AbortSignal): Promise<void>
  /** Before each pass, such as to wait until nothing changes any more. */
  before?(stopping: AbortSignal): Promise<void>
  /** After a pass that took t, rests t times this, at most `maxRestMs`: so passes take a bounded share of the time. */
  restFactor: number
  maxRestMs: number
  /** Logged when something is unavailable, once until a pass succeeds. */
  whenUnavailable: string
  clock: Clock
  log: Log
}

export type Passes = {
  /** There is something to do: a pass begins after this, even if one is under way. */
  wake(): void
  /** Ends when the pass under way has returned. */
  stop(): Promise<void>
  /** Rejects with what a pass threw, but Unavailable. */
  ended: Promise<void>
}

/** Begins with a pass. */
export function inPasses({ pass, before, restFactor, maxRestMs, whenUnavailable, clock, log }: Options): Passes {
  const stopping = new AbortController()
  const { signal } = stopping
  let woken = Promise.withResolvers<void>()

  async function loop(): Promise<void> {
    for (let failures = 0; !signal.aborted; ) {
      await before?.(signal)
      if (signal.aborted) return
      woken = Promise.withResolvers()
      const began = clock.now()
      try {
        await pass(signal)
        failures = 0
      } catch (error) {
        if (!(error instanceof Unavailable)) throw error
        failures += 1
        if (failures === 1) log.warn({ err: error }, whenUnavailable)
        await wait(backoffMs(failures, BACKOFF), signal)
        continue
      }
      await wait(Math.min(maxRestMs, (clock.now() - began) * restFactor), signal)
      await woken.promise
    }
  }

  const ended = loop()
  return {
    ended,
    wake: () => woken.resolve(),
    stop() {
      stopping.abort()
      woken.resolve()
      return ended
    },
  }
}
