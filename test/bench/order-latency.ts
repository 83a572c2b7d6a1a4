// Order acknowledged → readable in /v1/categories/top, open loop at a fixed rate, against a stack that is up.
import { setTimeout as delay } from 'node:timers/promises'
import { placeOrder, uniqueCategory } from '../support/orders.ts'
import { stack } from '../support/stack.ts'
import { until } from '../support/until.ts'

/** Milliseconds of each, in ascending order. */
export type Latencies = { posts: number[]; readable: number[] }

type Options = {
  apiKey: string
  /** Orders a second. */
  rate: number
  /** Every n-th order is watched: its category is its own and its revenue the highest so far, so it leads the list. */
  watchEvery: number
}

const POLL_MS = 5
const DAY_MS = 86_400_000
/** Nothing else on the stack uses it. */
const CURRENCY = 'CHF'

/** Each call places orders while `going` says so of the next one, and waits until the watched ones are readable. */
export function orderLatency({ apiKey, rate, watchEvery }: Options): (going: (n: number) => boolean) => Promise<Latencies> {
  /** Grows at the same rate from one process to the next, so that an earlier one's orders on the stack do not lead. */
  let placedBefore = Math.floor((Date.now() % DAY_MS) / 1_000) * rate

  return async (going) => {
    const acknowledged = new Map<string, number>()
    const readable: number[] = []
    const posts: number[] = []
    const prefix = uniqueCategory('bench')
    let placing = true

    async function watch(): Promise<void> {
      while (placing || acknowledged.size > 0) {
        const answer = await fetch(`${stack.aggregator}/v1/categories/top?currency=${CURRENCY}&window=1h&limit=100`, {
          headers: { 'Cache-Control': 'no-cache' },
        })
        const { categories } = (await answer.json()) as { categories: { category: string }[] }
        const now = performance.now()
        for (const { category } of categories) {
          const at = acknowledged.get(category)
          if (at === undefined) continue
          readable.push(now - at)
          acknowledged.delete(category)
        }
        await delay(POLL_MS)
      }
    }

    async function place(n: number, rank: number): Promise<void> {
      const watched = n % watchEvery === 0
      const category = watched ? `${prefix}-${n}` : prefix
      const began = performance.now()
      const answer = await placeOrder(apiKey, {
        externalOrderId: `${prefix}-${n}`,
        currency: CURRENCY,
        lines: [{ sku: 'BENCH', category, quantity: 1, unitPriceMinor: watched ? 100_000 + rank : 1 }],
      })
      if (answer.status !== 201) throw new Error(`order refused with ${answer.status}: ${JSON.stringify(answer.body)}`)
      posts.push(performance.now() - began)
      if (watched) acknowledged.set(category, performance.now())
    }

    const watching = watch()
    const placed: Promise<void>[] = []
    const began = performance.now()
    for (let n = 0; going(n); n += 1) {
      const due = began + (n * 1_000) / rate
      const early = due - performance.now()
      if (early > 1) await delay(early)
      placed.push(place(n, placedBefore))
      placedBefore += 1
    }
    await Promise.all(placed)
    placing = false
    await Promise.race([watching, until(() => acknowledged.size === 0, { what: 'every watched order is readable', timeoutMs: 60_000 })])
    return { posts: posts.sort((a, b) => a - b), readable: readable.sort((a, b) => a - b) }
  }
}
