// Events that the aggregator cannot count, each for a reason of its own, and the command that brings them back.
import { spawn } from 'node:child_process'
import { avroType, encodeFramed } from '@tally/platform/avro/framing'
import { confluentRegistry } from '@tally/platform/avro/registry'
import type { NewRecord } from '@tally/platform/records/record-log'
import { schemaOf } from '@tally/schemas/contract/files'
import type { OrderPlaced } from '@tally/schemas/contract/order-placed'
import { ORDER_EVENTS, subjectOf } from '@tally/schemas/contract/topics'
import { childEnvironment } from './config.ts'
import { stack } from './stack.ts'

const headersOf = (eventId: bigint) => ({ id: Buffer.from(String(eventId)), eventType: Buffer.from('OrderPlaced') })

/** An event as Debezium would have written it. Quantity −1 violates the contract; an id of long ago is older than the window. */
export async function eventOf(eventId: bigint, category: string, quantity: number): Promise<NewRecord> {
  const schemaId = await confluentRegistry(stack.schemaRegistryUrl).idOf(subjectOf(ORDER_EVENTS), schemaOf(ORDER_EVENTS))
  const now = BigInt(Date.now()) * 1_000n
  const order: OrderPlaced = {
    orderId: eventId,
    externalOrderId: `event-${eventId}`,
    merchantId: '1',
    currency: 'USD',
    placedAt: now,
    acceptedAt: now,
    totalMinor: BigInt(quantity) * 100n,
    lines: [{ sku: 'A', category, quantity, unitPriceMinor: 100n }],
  }
  const value = encodeFramed(schemaId, avroType<OrderPlaced>(schemaOf(ORDER_EVENTS)), order)
  return { key: Buffer.from(String(eventId)), value, headers: headersOf(eventId) }
}

/** Bytes that are no Avro, under a null key and with a header that is no text. */
export const undecodableEvent = (): NewRecord => ({
  key: null,
  value: Buffer.from('\u0001 no Avro \u0000'),
  headers: { id: Buffer.from('1'), note: Buffer.from([0, 255]) },
})

/** `make replay-dlq` with these variables, by the script behind it: make turns every failure into 2. */
export function replayDlq(variables: Record<string, string>): Promise<{ status: number | null; output: string }> {
  const child = spawn('ops/replay-dlq', {
    cwd: new URL('../..', import.meta.url).pathname,
    env: childEnvironment(variables),
    stdio: ['ignore', 'pipe', variables.JSON ? 'ignore' : 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (chunk) => {
      output += chunk
    })
  return new Promise((resolve) => child.on('close', (status) => resolve({ status, output })))
}
