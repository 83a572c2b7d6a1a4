// Places orders the way a merchant does, and knows what they add up to.
import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { promisify } from 'node:util'
import { childEnvironment } from './config.ts'
import { stack } from './stack.ts'

const root = new URL('../..', import.meta.url).pathname
const execute = promisify(execFile)

export type OrderRequest = {
  externalOrderId: string
  currency: string
  placedAt?: string
  lines: { sku: string; category: string; quantity: number; unitPriceMinor: number }[]
}

export type Answer = { status: number; headers: Headers; body: Record<string, unknown> }

export type Sum = { orders: number; units: number; revenueMinor: number }

/** Runs a stack command, such as ['kill', 'aggregator'], against the stack under test; its standard output. */
export async function stackCommand(argv: string[], extra: Record<string, string> = {}): Promise<string> {
  const { stdout } = await execute('node', ['ops/stack/main.ts', ...argv], { cwd: root, env: childEnvironment(extra) })
  return stdout
}

/** The environment the stack gives to one of its services. */
export async function environmentOf(service: string): Promise<Record<string, string>> {
  return JSON.parse(await stackCommand(['exec', service, '--', 'node', '-p', 'JSON.stringify(process.env)']))
}

/** Adds a merchant that no limit holds back; its API key. */
export async function addMerchant(name = `e2e-${randomUUID()}`): Promise<string> {
  const stdout = await stackCommand(['exec', 'ingest-api', '--', 'node', 'ingest-api/add-merchant.ts', '--name', name, '--rate', '1000000'])
  return stdout.trim().split('\n').at(-1) ?? ''
}

/** A category no other test counts in. */
export const uniqueCategory = (what: string) => `${what}-${randomUUID().slice(0, 8)}`

/** The n-th order of a category: one or two lines, amounts that differ. */
export function orderIn(category: string, n: number): OrderRequest {
  const line = (k: number) => ({
    sku: `SKU-${n}-${k}`,
    category,
    quantity: 1 + ((n + k) % 7),
    unitPriceMinor: 199 + 37 * ((n * 13 + k) % 101),
  })
  return { externalOrderId: randomUUID(), currency: 'USD', lines: n % 3 === 0 ? [line(0), line(1)] : [line(0)] }
}

/** What the orders add up to within the category. */
export function sumOf(orders: OrderRequest[], category: string): Sum {
  const sum = { orders: 0, units: 0, revenueMinor: 0 }
  for (const { lines } of orders) {
    const own = lines.filter((line) => line.category === category)
    if (own.length > 0) sum.orders += 1
    for (const { quantity, unitPriceMinor } of own) {
      sum.units += quantity
      sum.revenueMinor += quantity * unitPriceMinor
    }
  }
  return sum
}

/** POST /v1/orders, once. */
export async function placeOrder(apiKey: string, order: OrderRequest, headers: Record<string, string> = {}): Promise<Answer> {
  const answer = await fetch(`${stack.ingestApi}/v1/orders`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${apiKey}`, 'Content-Type': 'application/json', ...headers },
    body: JSON.stringify(order),
  })
  return { status: answer.status, headers: answer.headers, body: (await answer.json()) as Record<string, unknown> }
}

/** Places orders `atOnce` at a time; every one is acknowledged or this throws. `onPlaced` gets how many are. */
export async function placeAll(
  apiKey: string,
  orders: OrderRequest[],
  atOnce = 16,
  onPlaced: (placed: number) => void = () => {},
): Promise<Answer[]> {
  const answers: Answer[] = []
  const queue = orders.values()
  const work = async () => {
    for (const order of queue) {
      const answer = await placeOrder(apiKey, order)
      if (answer.status !== 201) throw new Error(`order refused with ${answer.status}: ${JSON.stringify(answer.body)}`)
      answers.push(answer)
      onPlaced(answers.length)
    }
  }
  await Promise.all(Array.from({ length: atOnce }, work))
  return answers
}
