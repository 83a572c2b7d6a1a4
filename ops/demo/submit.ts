// Posts orders as a client would: a few at a time, waiting when told to.
import { wait } from '@tally/platform/process/clock'
import type { OrderRequest } from './superstore.ts'

const AT_ONCE = 32
const ATTEMPTS = 20

export type Submitted = { created: number; already: number; lastAcceptedAt: number }

/**
 * Submits every order; `onProgress` gets the number of acknowledged ones.
 * @throws Error with the API's own words when an order is refused for good
 */
export async function submitOrders(
  url: string,
  apiKey: string,
  orders: OrderRequest[],
  onProgress: (done: number) => void,
): Promise<Submitted> {
  const outcome: Submitted = { created: 0, already: 0, lastAcceptedAt: 0 }
  const queue = orders.values()
  async function work(): Promise<void> {
    for (const order of queue) {
      const { status, acceptedAt } = await submit(url, apiKey, order)
      outcome[status === 201 ? 'created' : 'already'] += 1
      outcome.lastAcceptedAt = Math.max(outcome.lastAcceptedAt, Date.parse(acceptedAt))
      onProgress(outcome.created + outcome.already)
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work))
  return outcome
}

async function submit(url: string, apiKey: string, order: OrderRequest): Promise<{ status: number; acceptedAt: string }> {
  for (let attempt = 1; ; attempt += 1) {
    const answer = await fetch(`${url}/v1/orders`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${apiKey}`, 'Content-Type': 'application/json' },
      body: JSON.stringify(order),
    })
    const text = await answer.text()
    if (answer.ok) return { status: answer.status, acceptedAt: (JSON.parse(text) as { acceptedAt: string }).acceptedAt }
    const mayRetry = answer.status === 429 || answer.status === 503
    if (!mayRetry || attempt === ATTEMPTS) throw new Error(`order ${order.externalOrderId} was refused with ${answer.status}: ${text}`)
    await wait(Number(answer.headers.get('retry-after') ?? 1) * 1000)
  }
}
