// Reads the newest records of each topic with this checkout's schemas: what no rule knows shows on real data. Exit code 1: one cannot be read.

import { avroDecoder } from '@tally/platform/avro/decode'
import { avroType } from '@tally/platform/avro/framing'
import { confluentRegistry } from '@tally/platform/avro/registry'
import { kafkaLog } from '@tally/platform/kafka/log'
import { runCommand } from '@tally/platform/process/command'
import { InvalidMessage } from '@tally/platform/process/errors'
import { createLog } from '@tally/platform/process/log'
import type { RecordLog } from '@tally/platform/records/record-log'
import { schemaOf, TOPICS_WITH_SCHEMA, type TopicWithSchema } from '#contract/files'
import { selectRecords } from '#topics/select-records'
import { replayCheckConfig } from './config.ts'

await runCommand(async () => {
  const { KAFKA_BROKERS, SCHEMA_REGISTRY_URL, N } = replayCheckConfig()
  const registry = confluentRegistry(SCHEMA_REGISTRY_URL)
  const log = kafkaLog({ brokers: KAFKA_BROKERS, clientId: 'replay-check', log: createLog('replay-check', 'silent') })
  let unreadable = 0
  try {
    for (const topic of TOPICS_WITH_SCHEMA) unreadable += await readNewest(topic, log, registry, N)
  } finally {
    await log.close()
  }
  return unreadable === 0 ? 0 : 1
})

/** Says how many were read, and names each that cannot be; their number. */
async function readNewest(
  topic: TopicWithSchema,
  log: RecordLog,
  registry: ReturnType<typeof confluentRegistry>,
  count: number,
): Promise<number> {
  const decode = avroDecoder(registry, avroType(schemaOf(topic)))
  let read = 0
  let unreadable = 0
  for await (const { value, partition, offset } of selectRecords(log, { topic, from: undefined, count, key: undefined })) {
    if (value === null) continue
    try {
      await decode(value)
      read += 1
    } catch (error) {
      if (!(error instanceof InvalidMessage)) throw error
      unreadable += 1
      process.stdout.write(`${topic} ${partition}:${offset} ${error.reason}: ${error.message}\n`)
    }
  }
  process.stdout.write(`${topic}: ${read} of ${read + unreadable} read with this checkout's schema\n`)
  return unreadable
}
