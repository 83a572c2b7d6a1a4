// `make replay-dlq`: everything is in its environment; HELP=1 explains it.

import { confluentRegistry } from '@tally/platform/avro/registry'
import { kafkaLog } from '@tally/platform/kafka/log'
import { systemClock } from '@tally/platform/process/clock'
import { runCommand } from '@tally/platform/process/command'
import { createLog } from '@tally/platform/process/log'
import { avroValues } from '#adapters/avro-values'
import { kafkaLetters } from '#adapters/kafka-letters'
import { kafkaRetention } from '#adapters/kafka-retention'
import { executeCommand } from '#command/execute'
import { HELP } from '#command/help-text'
import { readLines, terminal, writeLines } from '#command/node-terminal'
import { kafkaAudit } from '#ledger/kafka-audit'
import { EXIT } from '#ledger/outcome'
import { openPatch } from '#mend/node-patch'
import { commandConfig } from './config.ts'

await runCommand(async () => {
  const { command, connect } = commandConfig()
  const io = terminal()
  if (command.form === 'help') {
    io.out(HELP)
    return EXIT.done
  }
  const log = kafkaLog({
    brokers: connect.KAFKA_BROKERS,
    clientId: 'replay-dlq',
    log: createLog('replay-dlq', 'silent'),
    fast: connect.KAFKAJS_FAST,
  })
  const audit = await kafkaAudit(log, connect.AUDIT_TOPIC)
  try {
    return await executeCommand(
      { ...command, form: command.form },
      {
        dlqs: connect.DEAD_LETTER_QUEUES,
        letters: kafkaLetters(log, kafkaRetention(connect.KAFKA_BROKERS, systemClock)),
        ...avroValues(confluentRegistry(connect.SCHEMA_REGISTRY_URL)),
        openPatch,
        audit,
        clock: systemClock,
        terminal: io,
        writeLines,
        readLines,
        append: log.append,
      },
    )
  } finally {
    await audit.close()
    await log.close()
  }
})
