// `main.ts VERB`: connector operations over Kafka Connect's REST API. Parameters come from the environment.
import { randomUUID } from 'node:crypto'
import { systemClock } from '@tally/platform/clock'
import { runCommand } from '@tally/platform/command'
import { StopProcess } from '@tally/platform/errors'
import { kafkaLog } from '@tally/platform/kafka-log'
import { createLog } from '@tally/platform/log'
import * as commands from './commands.ts'
import { type ConnectorsConfig, connectorsConfig, reemitConfig } from './config.ts'
import { connectRest } from './connect-rest.ts'
import { readConnectors } from './connector-files.ts'
import { eventRange } from './event-range.ts'
import { watchArrivals } from './kafka-arrivals.ts'
import { openPostgresOutbox } from './postgres-outbox.ts'
import { reemitEvents } from './reemit-events.ts'
import { restConnectors } from './rest-connectors.ts'

const VERBS: Record<string, commands.Command> = {
  validate: commands.validateAll,
  diff: commands.diffAll,
  apply: commands.applyAll,
  status: commands.statusAll,
  pause: commands.pauseAll,
  resume: commands.resumeAll,
  stop: commands.stopAll,
  'restart-failed': commands.restartFailedAll,
  offsets: commands.offsetsAll,
  reemit,
}

await runCommand(async () => {
  const verb = process.argv[2] ?? ''
  const command = VERBS[verb]
  if (command === undefined) throw new StopProcess(`"${verb}" is no command; there are: ${Object.keys(VERBS).join(', ')}`, 2)
  return command(contextOf(connectorsConfig()))
})

function contextOf(config: ConnectorsConfig): commands.Context {
  return {
    connect: restConnectors(connectRest(config.CONNECT_URL)),
    connectors: readConnectors(config.CONNECTORS_FOLDER, config.CONNECTOR),
    clock: systemClock,
    print: (line) => process.stdout.write(`${line}\n`),
    waitTimeoutMs: config.WAIT_TIMEOUT_MS,
    json: config.JSON,
    verbose: config.V,
  }
}

async function reemit(context: commands.Context): Promise<number> {
  const { FROM, TO, WHY, KAFKA_BROKERS, SIGNAL_DATABASE_URL } = reemitConfig()
  const range = eventRange(FROM, TO, systemClock.now())
  const { topic } = await commands.routerOf(context)
  const outbox = await openPostgresOutbox(SIGNAL_DATABASE_URL)
  const log = kafkaLog({ brokers: KAFKA_BROKERS, clientId: 'reemit', log: createLog('reemit', 'silent') })
  try {
    const ports = { ...context, outbox, watchEvents: (wanted: typeof range) => watchArrivals(log, topic, wanted) }
    await reemitEvents(range, ports, { signalId: `reemit-${randomUUID()}`, why: WHY, deadlineMs: context.waitTimeoutMs })
    return 0
  } finally {
    await log.close()
    await outbox.close()
  }
}
