// `make tail`: records of a topic up to its present end, decoded, one line of JSON each.
import { runCommand } from '@tally/platform/command'
import { kafkaLog } from '@tally/platform/kafka-log'
import { createLog } from '@tally/platform/log'
import { confluentRegistry } from '@tally/platform/registry'
import { tailConfig } from './config.ts'
import { recordLine } from './record-line.ts'
import { selectRecords } from './select-records.ts'

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
