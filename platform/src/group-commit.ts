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
export function groupCommit<T, R>({ flush, maxItems, maxWaiting, maxInFlight = 2, delayMs, take }: Options<T, R>): GroupCommit<T, R> {
  let queue: Entry<T, R>[] = []
  let inFlight = 0
  let scheduled = false
  let timer: NodeJS.Timeout | undefined
  let idle: (() => void)[] = []

  /** Behind the other I/O of this turn of the loop: what arrived together leaves together. */
  function schedule(): void {
    if (scheduled || queue.length === 0 || inFlight >= maxInFlight) return
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
      while (queue.length > 0 && inFlight < maxInFlight) void flushSome()
    })
  }

  async function flushSome(): Promise<void> {
    const count = Math.min(maxItems, take?.(queue.map(({ item }) => item)) ?? maxItems)
    const entries = queue.slice(0, count)
    queue = queue.slice(count)
    inFlight += 1
    try {
      const results = await flush(entries.map(({ item }) => item))
      entries.forEach(({ resolve, reject }, n) => {
        const result = results[n]
        if (result instanceof Error) reject(result)
        else resolve(result as R)
      })
    } catch (error) {
      for (const { reject } of entries) reject(error)
    } finally {
      inFlight -= 1
      schedule()
      if (inFlight === 0 && queue.length === 0) {
        for (const done of idle) done()
        idle = []
      }
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
