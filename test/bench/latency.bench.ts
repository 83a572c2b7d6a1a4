// Order acknowledged → readable in /v1/categories/top, open loop at a fixed rate. Runs against a stack that is up: see ops/bench.
import { setTimeout as delay } from 'node:timers/promises'
import { addMerchant, placeOrder, uniqueCategory } from '../support/orders.ts'
import { stack } from '../support/stack.ts'
import { until } from '../support/until.ts'

const RATE_PER_SECOND = 200
const SECONDS = 30
/** Every n-th order is watched: its category is its own and its revenue the highest so far, so it leads the list. */
const WATCH_EVERY = 10
const POLL_MS = 5
/** Nothing else on the stack uses it. */
const CURRENCY = 'CHF'

const quantile = (sorted: number[], q: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? Number.NaN

async function measure(apiKey: string, round: number): Promise<{ posts: number[]; readable: number[] }> {
  const acknowledged = new Map<string, number>()
  const readable: number[] = []
  const posts: number[] = []
  const prefix = uniqueCategory('bench')
  let placing = true

  async function watch(): Promise<void> {
    while (placing || acknowledged.size > 0) {
      const answer = await fetch(`${stack.aggregator}/v1/categories/top?currency=${CURRENCY}&window=1h&limit=100`)
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

  async function place(n: number): Promise<void> {
    const watched = n % WATCH_EVERY === 0
    const category = watched ? `${prefix}-${n}` : prefix
    const began = performance.now()
    const answer = await placeOrder(apiKey, {
      externalOrderId: `${prefix}-${n}`,
      currency: CURRENCY,
      lines: [
        { sku: 'BENCH', category, quantity: 1, unitPriceMinor: watched ? 100_000 + (round * RATE_PER_SECOND * SECONDS + n) * 1_000 : 1 },
      ],
    })
    if (answer.status !== 201) throw new Error(`order refused with ${answer.status}: ${JSON.stringify(answer.body)}`)
    posts.push(performance.now() - began)
    if (watched) acknowledged.set(category, performance.now())
  }

  const watching = watch()
  const placed: Promise<void>[] = []
  const began = performance.now()
  for (let n = 0; n < RATE_PER_SECOND * SECONDS; n += 1) {
    const due = began + (n * 1_000) / RATE_PER_SECOND
    const early = due - performance.now()
    if (early > 1) await delay(early)
    placed.push(place(n))
  }
  await Promise.all(placed)
  placing = false
  await Promise.race([watching, until(() => acknowledged.size === 0, { what: 'every watched order is readable', timeoutMs: 60_000 })])
  return { posts: posts.sort((a, b) => a - b), readable: readable.sort((a, b) => a - b) }
}

const line = (what: string, sorted: number[]) =>
  `${what.padEnd(34)} p50 ${quantile(sorted, 0.5).toFixed(0)} ms   p99 ${quantile(sorted, 0.99).toFixed(0)} ms   max ${quantile(sorted, 1).toFixed(0)} ms   n ${sorted.length}\n`

const apiKey = await addMerchant('bench')
for (const [round, title] of ['warm-up', 'measured', 'measured', 'measured'].entries()) {
  const { posts, readable } = await measure(apiKey, round)
  process.stdout.write(`${title}: ${RATE_PER_SECOND} orders/s for ${SECONDS} s\n`)
  process.stdout.write(line('  POST /v1/orders answered', posts))
  process.stdout.write(line('  acknowledged → in top categories', readable))
}
