// `make tail`: records of a topic up to its present end, decoded, one line of JSON each.

import { confluentRegistry } from '@tally/platform/avro/registry'
import { kafkaLog } from '@tally/platform/kafka/log'
import { runCommand } from '@tally/platform/process/command'
import { createLog } from '@tally/platform/process/log'
import { recordLine } from '#topics/record-line'
import { selectRecords } from '#topics/select-records'
import { tailConfig } from './config.ts'

await runCommand(async () => {
  const { KAFKA_BROKERS, SCHEMA_REGISTRY_URL, TOPIC, FROM, N, KEY } = tailConfig()
  const registry = confluentRegistry(SCHEMA_REGISTRY_URL)
  const log = kafkaLog({ brokers: KAFKA_BROKERS, clientId: 'tail', log: createLog('tail', 'silent') })
  try {
    for await (const record of selectRecords(log, { topic: TOPIC, from: FROM, count: N, key: KEY })) {
      const line = await recordLine(record, async (schemaId, body) => (await registry.typeById(schemaId)).fromBuffer(body))
      process.stdout.write(`${line}\n`)
    }
  } finally {
    await log.close()
  }
})
