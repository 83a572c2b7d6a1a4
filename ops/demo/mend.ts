// `make mend`: registers the schemas that the dead letters of `make poison` were written with, and no others.
import { readFrame } from '@tally/platform/avro/framing'
import { kafkaLog } from '@tally/platform/kafka/log'
import { createLog } from '@tally/platform/process/log'
import { readDeadLetter } from '@tally/platform/records/dead-letter'
import { readRanges } from '@tally/platform/records/read-ranges'
import { AGGREGATOR, dlqOf, ORDER_EVENTS } from '@tally/schemas/contract/topics'
import { poisonConfig } from './config.ts'
import { POISON_HEADER } from './poison-event.ts'
import { isRegistered, registerAs } from './poison-schema.ts'

const { KAFKA_BROKERS, SCHEMA_REGISTRY_URL } = poisonConfig()
const recordLog = kafkaLog({ brokers: KAFKA_BROKERS, clientId: 'tally-mend', log: createLog('mend', 'warn') })
const dlq = dlqOf(ORDER_EVENTS, AGGREGATOR)
const registered = new Set<number>()
try {
  const ranges = [...(await recordLog.bounds(dlq))].map(([partition, { logStart, highWatermark }]) => ({
    partition,
    from: logStart,
    next: highWatermark,
  }))
  for await (const letter of readRanges(recordLog, dlq, ranges)) {
    if (readDeadLetter(letter)?.reason !== 'unknown-schema' || letter.headers[POISON_HEADER] === undefined) continue
    const { schemaId } = readFrame(letter.value)
    if (registered.has(schemaId) || (await isRegistered(SCHEMA_REGISTRY_URL, schemaId))) continue
    await registerAs(SCHEMA_REGISTRY_URL, schemaId)
    registered.add(schemaId)
    process.stdout.write(
      `Schema ${schemaId} is registered now. Replay with: make replay-dlq REASON=unknown-schema GO=1 WHY="schema registered"\n`,
    )
  }
  if (registered.size === 0) process.stdout.write('No dead letter of make poison waits for a schema: nothing to mend.\n')
} finally {
  await recordLog.close()
}
