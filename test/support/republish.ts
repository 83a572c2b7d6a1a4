// Records of order-events written once more: same bytes and headers, at a later offset.
import { kafkaLog } from '@tally/platform/kafka/log'
import { createLog } from '@tally/platform/process/log'
import type { NewRecord } from '@tally/platform/records/record-log'
import { recordsOf } from './books.ts'
import type { Random } from './random.ts'
import { stack } from './stack.ts'

const TOPIC = 'order-events'

/** Appends to order-events. */
export async function appendEvents(records: NewRecord[]): Promise<void> {
  const log = kafkaLog({ brokers: [stack.kafka], clientId: 'republish', log: createLog('republish', 'silent') })
  try {
    await log.append(TOPIC, records)
  } finally {
    await log.close()
  }
}

/** Writes all events that name the prefix once more, from the last to the first, each to some partition; how many. */
export async function republish(prefix: string, random: Random, partitions = 6): Promise<number> {
  const again: NewRecord[] = []
  for await (const { key, value, headers } of recordsOf(TOPIC))
    if (value?.includes(prefix)) again.unshift({ key, value, headers, partition: random.below(partitions) })
  await appendEvents(again)
  return again.length
}
