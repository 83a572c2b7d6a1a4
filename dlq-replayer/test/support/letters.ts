// Letters as a group of the loop leaves them, for tests.

import type { Headers } from '@tally/platform/records/record-log'
import type { Dlq, Letter } from '../../letters/letter.ts'

export const DLQ: Dlq = {
  name: 'order-events-aggregator-dlq',
  topic: 'order-events',
  group: 'aggregator',
  parked: 'order-events-aggregator-parked',
}

export const FAILED_AT = Date.parse('2026-11-24T02:58:11Z')

type Given = Partial<Omit<Letter, 'record' | 'headers'>> & { eventId?: string | null; headers?: Headers }

/** A letter at an offset of partition 0: an order event of its own key, unreadable for lack of schema 7. */
export function letter(offset: number, given: Given = {}): Letter {
  const { eventId = String(384_000_000_000_000_000n + BigInt(offset)), headers = {}, ...rest } = given
  const own = eventId === null ? headers : { id: Buffer.from(eventId), ...headers }
  const whole = {
    partition: 0,
    offset: BigInt(offset),
    failedAt: FAILED_AT + offset * 1_000,
    key: Buffer.from(String(384_100_000_000_000_000n + BigInt(offset))),
    value: Buffer.from([0, 0, 0, 0, 7, 1, 2, 3]),
    headers: own,
    original: { topic: DLQ.topic, partition: 3, offset: BigInt(1_000 + offset) },
    group: DLQ.group,
    reason: 'unknown-schema',
    exception: 'InvalidMessage',
    message: 'schema 7 is not in the registry',
    attempts: 1,
    replays: 0,
    ...rest,
  }
  const { partition, key, value, failedAt } = whole
  const record = { topic: DLQ.name, partition, offset: whole.offset, timestamp: failedAt, key, value, headers: own }
  return { record, ...whole }
}
