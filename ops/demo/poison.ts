// `make poison`: puts an event nobody can read into order-events and waits until it is a dead letter.

import { kafkaLog } from '@tally/platform/kafka/log'
import { systemClock, wait } from '@tally/platform/process/clock'
import { createLog } from '@tally/platform/process/log'
import { AGGREGATOR, dlqOf, ORDER_EVENTS } from '@tally/schemas/contract/topics'
import { poisonConfig } from './config.ts'
import { poisonRecord } from './poison-event.ts'
import { nextSchemaId } from './poison-schema.ts'

const TIMEOUT_MS = 30_000

const { KAFKA_BROKERS, SCHEMA_REGISTRY_URL } = poisonConfig()
const recordLog = kafkaLog({ brokers: KAFKA_BROKERS, clientId: 'tally-poison', log: createLog('poison', 'warn') })

async function letters(): Promise<bigint> {
  const bounds = await recordLog.bounds(dlqOf(ORDER_EVENTS, AGGREGATOR))
  return [...bounds.values()].reduce((sum, { highWatermark }) => sum + highWatermark, 0n)
}

try {
  const schemaId = await nextSchemaId(SCHEMA_REGISTRY_URL)
  const before = await letters()
  const { eventId, record } = poisonRecord(schemaId, String(schemaId), systemClock)
  await recordLog.append(ORDER_EVENTS, [record])
  process.stdout.write(`Event ${eventId} is in ${ORDER_EVENTS}, written with schema ${schemaId}, which the registry does not have.\n`)
  const began = systemClock.now()
  while ((await letters()) === before) {
    if (systemClock.now() - began > TIMEOUT_MS)
      throw new Error(`it is no dead letter after ${TIMEOUT_MS / 1000} s; is the aggregator running? See: make status`)
    await wait(100)
  }
  process.stdout.write(
    'The aggregator has put it into its dead letter queue (unknown-schema) and goes on. Look at it with: make replay-dlq\n',
  )
} finally {
  await recordLog.close()
}
