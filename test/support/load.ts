// Orders at a steady rate, whatever happens: each is sent again until it is acknowledged, under the same externalOrderId.
import { setTimeout as delay } from 'node:timers/promises'
import { enter, type Ledger, linesOf } from './ledger.ts'
import type { OrderRequest } from './orders.ts'
import type { Random } from './random.ts'
import { stack } from './stack.ts'

const TICK_MS = 20
const ATTEMPT_TIMEOUT_MS = 5_000
const RETRY_MS = 250
/** Connections at once; what comes meanwhile waits its turn. */
const MAX_IN_FLIGHT = 200
const CURRENCIES = ['USD', 'EUR', 'JPY']
const CATEGORIES = 5
const SPREAD_MS = 3 * 3_600_000

export type PlacedOrder = OrderRequest & { placedAt: string }

export type Load = {
  /** Stops placing new orders and waits until every one is acknowledged; what they add up to. */
  end(withinMs?: number): Promise<{ orders: number; ledger: Ledger }>
  /** Acknowledged so far: when, and what. */
  acknowledged: readonly { atMs: number; order: PlacedOrder }[]
  /** Placed and not acknowledged yet. */
  open(): number
  /** Attempts that were answered with something else or not at all. */
  failedAttempts(): number
}

type Options = { apiKey: string; prefix: string; perSecond: number; random: Random }

export function startLoad({ apiKey, prefix, perSecond, random }: Options): Load {
  const acknowledged: { atMs: number; order: PlacedOrder }[] = []
  const waiting: PlacedOrder[] = []
  const stopping = new AbortController()
  const startedAt = performance.now()
  let [placed, inFlight, failed] = [0, 0, 0]
  let fault: Error | undefined

  async function place(order: PlacedOrder): Promise<void> {
    for (; fault === undefined; failed += 1) {
      const status = await attempt(apiKey, order)
      if (status === 201 || status === 200) {
        acknowledged.push({ atMs: Date.now(), order })
        return
      }
      if (status !== undefined && status < 500) fault = new Error(`an order was refused with ${status}: ${JSON.stringify(order)}`)
      await delay(RETRY_MS)
    }
  }

  function go(): void {
    while (inFlight < MAX_IN_FLIGHT && fault === undefined) {
      const order = waiting.shift()
      if (order === undefined) return
      inFlight += 1
      void place(order).finally(() => {
        inFlight -= 1
        go()
      })
    }
  }

  const ticking = setInterval(() => {
    const due = Math.floor(((performance.now() - startedAt) / 1_000) * perSecond)
    for (; placed < due; placed += 1) waiting.push(orderOf(prefix, placed, random))
    go()
  }, TICK_MS)
  stopping.signal.addEventListener('abort', () => clearInterval(ticking))

  return {
    acknowledged,
    open: () => waiting.length + inFlight,
    failedAttempts: () => failed,
    async end(withinMs = 60_000) {
      stopping.abort()
      const deadline = performance.now() + withinMs
      while (waiting.length + inFlight > 0 && fault === undefined && performance.now() < deadline) await delay(TICK_MS)
      fault ??= waiting.length + inFlight > 0 ? new Error(`${waiting.length + inFlight} orders are not acknowledged`) : undefined
      if (fault) throw fault
      const ledger: Ledger = new Map()
      for (const { order } of acknowledged) enter(ledger, linesOf(order))
      return { orders: acknowledged.length, ledger }
    },
  }
}

/** The status; undefined when there was no answer. */
async function attempt(apiKey: string, order: PlacedOrder): Promise<number | undefined> {
  try {
    const answer = await fetch(`${stack.ingestApi}/v1/orders`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${apiKey}`, 'Content-Type': 'application/json' },
      body: JSON.stringify(order),
      signal: AbortSignal.timeout(ATTEMPT_TIMEOUT_MS),
    })
    await answer.arrayBuffer()
    return answer.status
  } catch {
    return undefined
  }
}

/** One to three lines in up to three of the categories, within the last hours of event time. */
function orderOf(prefix: string, n: number, random: Random): PlacedOrder {
  const line = (k: number) => ({
    sku: `SKU-${n}-${k}`,
    category: `${prefix}-${random.below(CATEGORIES)}`,
    quantity: 1 + random.below(9),
    unitPriceMinor: 1 + random.below(99_999),
  })
  return {
    externalOrderId: `${prefix}-${n}`,
    currency: random.of(CURRENCIES),
    placedAt: new Date(Date.now() - random.below(SPREAD_MS)).toISOString(),
    lines: Array.from({ length: 1 + random.below(3) }, (_, k) => line(k)),
  }
}
