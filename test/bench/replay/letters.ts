// Dead letters of orders that are valid now and were never counted, and the replays that become of them.

import { letterOf } from '@tally/dlq-replayer/adapters/kafka-letters'
import { replayOf } from '@tally/dlq-replayer/letters/letter'
import { avroType, encodeFramed } from '@tally/platform/avro/framing'
import { confluentRegistry } from '@tally/platform/avro/registry'
import { systemClock } from '@tally/platform/process/clock'
import { InvalidMessage } from '@tally/platform/process/errors'
import { tsidMint } from '@tally/platform/process/ids'
import { deadLetterOf } from '@tally/platform/records/dead-letter'
import type { LogRecord, NewRecord, RecordLog } from '@tally/platform/records/record-log'
import { schemaOf } from '@tally/schemas/contract/files'
import type { OrderPlaced } from '@tally/schemas/contract/order-placed'
import { AGGREGATOR, dlqOf, ORDER_EVENTS, parkedOf, subjectOf } from '@tally/schemas/contract/topics'
import type { Sum } from '../../support/orders.ts'
import { stack } from '../../support/stack.ts'

export const DLQ = {
  name: dlqOf(ORDER_EVENTS, AGGREGATOR),
  topic: ORDER_EVENTS,
  group: AGGREGATOR,
  parked: parkedOf(ORDER_EVENTS, AGGREGATOR),
}
/** A node number that no lease gives out. */
const NODE = 1022
const PARTITIONS = 6
/** Letters in one append. */
const LOT = 2_000

const type = avroType<OrderPlaced>(schemaOf(ORDER_EVENTS))
const schemaId = await confluentRegistry(stack.schemaRegistryUrl).idOf(subjectOf(ORDER_EVENTS), schemaOf(ORDER_EVENTS))
const mint = tsidMint(NODE, systemClock)
const text = (value: unknown) => Buffer.from(String(value))

function letterIn(category: string, n: number): NewRecord {
  const now = BigInt(systemClock.now()) * 1_000n
  const orderId = mint()
  const lines = [{ sku: `SKU-${n % 500}`, category, quantity: 2, unitPriceMinor: 1_050n }]
  const order = {
    externalOrderId: `bench-${orderId}`,
    merchantId: '1',
    currency: 'USD',
    placedAt: now,
    acceptedAt: now,
    totalMinor: 2_100n,
  }
  const record: LogRecord = {
    topic: ORDER_EVENTS,
    partition: n % PARTITIONS,
    offset: BigInt(n),
    timestamp: systemClock.now(),
    key: text(orderId),
    value: encodeFramed(schemaId, type, { ...order, orderId, lines }),
    headers: { id: text(mint()), eventType: text('OrderPlaced') },
  }
  const error = new InvalidMessage('unknown-schema', `schema ${schemaId} was not registered then`)
  return deadLetterOf(record, { reason: 'unknown-schema', error, attempts: 1, group: AGGREGATOR, failedAt: systemClock.now() })
}

/** What the category adds up to once all of them are counted. */
export const sumOfLetters = (letters: number): Sum => ({ orders: letters, units: 2 * letters, revenueMinor: 2_100 * letters })

/** Writes letters into the queue, a lot at a time. */
export async function fillQueue(log: RecordLog, category: string, letters: number): Promise<void> {
  for (let n = 0; n < letters; n += LOT) {
    const lot = Array.from({ length: Math.min(LOT, letters - n) }, (_, i) => letterIn(category, n + i))
    await log.append(DLQ.name, lot)
  }
}

/** The records that a replay of such letters sends. */
export function replaysOf(letters: number): NewRecord[] {
  return Array.from({ length: letters }, (_, n) => {
    const { key, value, headers = {} } = letterIn('bare', n)
    const record = { topic: DLQ.name, partition: n % PARTITIONS, offset: BigInt(n), timestamp: systemClock.now(), key, value, headers }
    return replayOf(letterOf(DLQ, record), '20260101T000000-bench0')
  })
}
