// `make replay-dlq`: everything is in its environment; HELP=1 explains it.
import { systemClock } from '@tally/platform/clock'
import { runCommand } from '@tally/platform/command'
import { kafkaLog } from '@tally/platform/kafka-log'
import { createLog } from '@tally/platform/log'
import { confluentRegistry } from '@tally/platform/registry'
import { avroValues } from './avro-values.ts'
import { commandConfig } from './config.ts'
import { executeCommand } from './execute-command.ts'
import { HELP } from './help-text.ts'
import { kafkaAudit } from './kafka-audit.ts'
import { kafkaLetters } from './kafka-letters.ts'
import { kafkaRetention } from './kafka-retention.ts'
import { openPatch } from './node-patch.ts'
import { readLines, terminal, writeLines } from './node-terminal.ts'
import { EXIT } from './outcome.ts'

await runCommand(async () => {
  const { command, connect } = commandConfig()
  const io = terminal()
  if (command.form === 'help') {
    io.out(HELP)
    return EXIT.done
  }
  const log = kafkaLog({ brokers: connect.KAFKA_BROKERS, clientId: 'replay-dlq', log: createLog('replay-dlq', 'silent') })
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
