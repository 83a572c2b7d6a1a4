// `main.ts VERB`: connector operations over Kafka Connect's REST API. Parameters come from the environment.
import { systemClock } from '@tally/platform/clock'
import { runCommand } from '@tally/platform/command'
import { StopProcess } from '@tally/platform/errors'
import type { Command } from './command.ts'
import * as commands from './commands.ts'
import { connectorsConfig } from './config.ts'
import { connectRest } from './connect-rest.ts'
import { connectorNames, readConnectors } from './connector-files.ts'
import { logLevel } from './log-level.ts'
import { offsets } from './offset-commands.ts'
import { postgresCapture } from './postgres-capture.ts'
import { lazySession } from './postgres-session.ts'
import { recover, reemit } from './resend-commands.ts'
import { restConnectors } from './rest-connectors.ts'
import { statusAll } from './show-status.ts'

const VERBS: Record<string, Command> = {
  validate: commands.validateAll,
  diff: commands.diffAll,
  apply: commands.applyAll,
  status: statusAll,
  pause: commands.pauseAll,
  resume: commands.resumeAll,
  stop: commands.stopAll,
  'restart-failed': commands.restartFailedAll,
  offsets,
  'log-level': logLevel,
  reemit,
  recover,
}

await runCommand(async () => {
  const verb = process.argv[2] ?? ''
  const command = Object.hasOwn(VERBS, verb) ? VERBS[verb] : undefined
  if (command === undefined) throw new StopProcess(`"${verb}" is no command; there are: ${Object.keys(VERBS).join(', ')}`, 2)
  const config = connectorsConfig()
  const session = config.SIGNAL_DATABASE_URL ? lazySession(config.SIGNAL_DATABASE_URL) : undefined
  try {
    return await command({
      connect: restConnectors(connectRest(config.CONNECT_URL)),
      connectors: readConnectors({ folder: config.CONNECTORS_FOLDER, environment: config.CONNECT_ENVIRONMENT, only: config.CONNECTOR }),
      known: connectorNames(config.CONNECTORS_FOLDER),
      clock: systemClock,
      print: (line) => process.stdout.write(`${line}\n`),
      waitTimeoutMs: config.WAIT_TIMEOUT_MS,
      json: config.JSON,
      verbose: config.V,
      prune: config.PRUNE,
      capture: session && postgresCapture(session),
    })
  } finally {
    await session?.end()
  }
})
