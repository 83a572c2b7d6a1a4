// Group commit: items that wait while a flush is under way go out together in the next one. By default no timer, so no latency
// for one alone.
import { Unavailable } from './errors.ts'

type Options<T, R> = {
  /** Writes all items at once; results in the order of the items. An Error among them fails that item alone, a rejection all. */
  flush(items: T[]): Promise<(R | Error)[]>
  maxItems: number
  /** Items that may wait; more are refused at once. */
  maxWaiting: number
  /** Flushes under way at the same time. */
  maxInFlight?: number
  /** A flush begins beside another one only when so many wait: fewer are cheaper in one flush after it. Default: 1. */
  minBeside?: number
  /** How long what waits may still wait for company; asked again with every item. Default: not at all. */
  delayMs?(waiting: readonly T[]): number
  /** How many of those that wait go together, at least one. Default: `maxItems`. */
  take?(waiting: readonly T[]): number
}

export type GroupCommit<T, R> = {
  /** Resolves when the item is written. @throws Unavailable when too many wait already */
  submit(item: T): Promise<R>
  /** Items waiting for a flush. */
  waiting(): number
  /** Resolves when nothing waits and nothing is under way. */
  drained(): Promise<void>
}

type Entry<T, R> = { item: T; resolve(result: R): void; reject(error: unknown): void }

/** A queue in front of `flush`. */
export function groupCommit<T, R>({
  flush,
  maxItems,
  maxWaiting,
  maxInFlight = 2,
  minBeside = 1,
  delayMs,
  take,
}: Options<T, R>): GroupCommit<T, R> {
  let queue: Entry<T, R>[] = []
  let inFlight = 0
  let scheduled = false
  let timer: NodeJS.Timeout | undefined
  let idle: (() => void)[] = []

  const mayFlush = () => queue.length >= (inFlight === 0 ? 1 : minBeside) && inFlight < maxInFlight

  /** Behind the other I/O of this turn of the loop: what arrived together leaves together. */
  function schedule(): void {
    if (scheduled || !mayFlush()) return
    const restMs = delayMs?.(queue.map(({ item }) => item)) ?? 0
    if (restMs > 0) {
      timer ??= setTimeout(start, restMs)
      return
    }
    start()
  }

  function start(): void {
    clearTimeout(timer)
    timer = undefined
    scheduled = true
    setImmediate(() => {
      scheduled = false
      while (mayFlush()) void flushSome()
    })
  }

  async function flushSome(): Promise<void> {
    const count = Math.min(maxItems, take?.(queue.map(({ item }) => item)) ?? maxItems)
    const entries = queue.slice(0, count)
    queue = queue.slice(count)
    inFlight += 1
    const outcome = await flush(entries.map(({ item }) => item)).then(
      (results) => ({ results }),
      (error: unknown) => ({ error }),
    )
    inFlight -= 1
    // The next one first: what the callers do with their outcomes would keep it waiting.
    if (delayMs === undefined && mayFlush()) void flushSome()
    settle(entries, outcome)
    schedule()
    if (inFlight === 0 && queue.length === 0) {
      for (const done of idle) done()
      idle = []
    }
  }

  return {
    submit(item) {
      if (queue.length >= maxWaiting) return Promise.reject(new Unavailable('Too many requests are waiting right now.'))
      return new Promise<R>((resolve, reject) => {
        queue.push({ item, resolve, reject })
        schedule()
      })
    },
    waiting: () => queue.length,
    drained: () => (inFlight === 0 && queue.length === 0 ? Promise.resolve() : new Promise((resolve) => idle.push(resolve))),
  }
}

function settle<T, R>(entries: Entry<T, R>[], outcome: { results: (R | Error)[] } | { error: unknown }): void {
  for (const [n, { resolve, reject }] of entries.entries()) {
    const result = 'error' in outcome ? undefined : outcome.results[n]
    if ('error' in outcome) reject(outcome.error)
    else if (result instanceof Error) reject(result)
    else resolve(result as R)
  }
}
