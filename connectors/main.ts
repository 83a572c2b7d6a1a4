// `main.ts VERB`: connector operations over Kafka Connect's REST API. Parameters come from the environment.
import { systemClock } from '@tally/platform/process/clock'
import { runCommand } from '@tally/platform/process/command'
import { StopProcess } from '@tally/platform/process/errors'
import { postgresCapture } from '#capture/postgres-capture'
import { lazySession } from '#capture/postgres-session'
import type { Command } from '#commands/command'
import * as commands from '#commands/commands'
import { logLevel } from '#commands/log-level'
import { offsets } from '#commands/offset-commands'
import { recover, reemit } from '#commands/resend-commands'
import { statusAll } from '#commands/show-status'
import { restConnectors } from '#connect/connectors'
import { connectorNames, readConnectors } from '#connect/files'
import { connectRest } from '#connect/rest'
import { connectorsConfig } from './config.ts'

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
