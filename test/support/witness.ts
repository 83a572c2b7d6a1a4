// Watches while things break: asOf never goes back, and whatever an answer says is complete is.
import { setTimeout as delay } from 'node:timers/promises'
import type { Load } from './load.ts'
import { stack } from './stack.ts'

const EVERY_MS = 400
const DAY_MS = 86_400_000
/** The clocks of test and database are one machine's; an acknowledgement is noticed after it was sent. */
const CURRENCY = 'USD'

export type Witness = {
  /** Stops watching. @throws Error naming the first broken promise */
  end(): Promise<{ answers: number; asOf: number }>
}

/** @param mayGoBack true once the file was replaced by an older one, which the counts follow truthfully */
export function startWitness(load: Load, prefix: string, mayGoBack = () => false): Witness {
  const category = `${prefix}-0`
  const stopping = new AbortController()
  let [latest, answers] = [0, 0]
  const broken: string[] = []

  async function look(): Promise<void> {
    const now = Date.now()
    const query = new URLSearchParams({
      size: 'hour',
      from: new Date(now - DAY_MS).toISOString(),
      to: new Date(now + DAY_MS).toISOString(),
      category,
      currency: CURRENCY,
    })
    const answer = await fetch(`${stack.aggregator}/v1/buckets?${query}`, {
      headers: { 'Cache-Control': 'no-cache' },
      signal: AbortSignal.timeout(2_000),
    })
    if (!answer.ok) return
    const { asOf: text, buckets } = (await answer.json()) as { asOf: string | null; buckets: { orders: number }[] }
    answers += 1
    const asOf = text === null ? 0 : Date.parse(text)
    if (asOf < latest && !mayGoBack()) broken.push(`asOf went back from ${new Date(latest).toISOString()} to ${text}`)
    latest = asOf
    const due = load.acknowledged.filter(
      ({ atMs, order }) => atMs < asOf && order.currency === CURRENCY && order.lines.some((line) => line.category === category),
    ).length
    const counted = buckets.reduce((sum, { orders }) => sum + orders, 0)
    if (counted < due) broken.push(`asOf ${text}: ${due} orders of ${category} were acknowledged before it, ${counted} are counted`)
  }

  const watching = (async () => {
    while (!stopping.signal.aborted) {
      // No answer is no lie.
      await look().catch(() => {})
      await delay(EVERY_MS)
    }
  })()

  return {
    async end() {
      stopping.abort()
      await watching
      if (broken.length > 0) throw new Error(broken.slice(0, 3).join('\n'))
      return { answers, asOf: latest }
    },
  }
}
