// The demo's poison pill: an OrderPlaced written with a schema that the registry does not have, yet.
import { avroType, encodeFramed } from '@tally/platform/avro/framing'
import type { Clock } from '@tally/platform/process/clock'
import { tsidMint } from '@tally/platform/process/ids'
import type { NewRecord } from '@tally/platform/records/record-log'
import { schemaOf } from '@tally/schemas/contract/files'
import type { OrderPlaced } from '@tally/schemas/contract/order-placed'
import { ORDER_EVENTS } from '@tally/schemas/contract/topics'

/** Marks what the demo made: nothing else may be given the demo's schema. */
export const POISON_HEADER = 'demo.poison'

/** A node number that no lease gives out: leases are taken from 0 upwards. */
const DEMO_NODE = 1023

/** OrderPlaced with one more field (a default makes it compatible); `salt` makes it a schema of its own. */
export function unregisteredSchema(salt: string): string {
  const schema = JSON.parse(schemaOf(ORDER_EVENTS))
  schema.fields.push({ name: `channel${salt}`, type: 'string', default: '', doc: 'Where the order was placed.' })
  return JSON.stringify(schema)
}

/** One order event of 2 units for 42.00 USD, framed with the given, not yet registered, schema id. */
export function poisonRecord(schemaId: number, salt: string, clock: Clock, category = 'Poison'): { eventId: bigint; record: NewRecord } {
  const mint = tsidMint(DEMO_NODE, clock)
  const [eventId, orderId, now] = [mint(), mint(), BigInt(clock.now()) * 1_000n]
  const order: OrderPlaced = {
    orderId,
    externalOrderId: `poison-${eventId}`,
    merchantId: 'demo',
    currency: 'USD',
    placedAt: now,
    acceptedAt: now,
    totalMinor: 4_200n,
    lines: [{ sku: 'POISON', category, quantity: 2, unitPriceMinor: 2_100n }],
  }
  const value = encodeFramed(schemaId, avroType<OrderPlaced>(unregisteredSchema(salt)), order)
  const headers = { id: Buffer.from(String(eventId)), eventType: Buffer.from('OrderPlaced'), [POISON_HEADER]: Buffer.from('1') }
  return { eventId, record: { key: Buffer.from(String(orderId)), value, headers } }
}
