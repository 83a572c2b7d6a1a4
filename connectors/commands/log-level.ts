// How much the worker logs, logger by logger, without restarting it.
import { StopProcess } from '@tally/platform/process/errors'
import { loggerConfig } from '#config'
import type { Command } from './command.ts'

/** LOGGER= LEVEL=: on every worker until it restarts. Without LEVEL it shows the levels, of LOGGER and below. */
export const logLevel: Command = async ({ connect, print, json }) => {
  const { LOGGER, LEVEL } = loggerConfig()
  if (LEVEL !== undefined) {
    if (LOGGER === undefined) throw new StopProcess('LOGGER is missing: make connect-log-level LOGGER=io.debezium LEVEL=DEBUG', 2)
    await connect.setLogLevel(LOGGER, LEVEL)
    print(`${LOGGER}: ${LEVEL} on every worker until it restarts; back: make connect-log-level LOGGER=${LOGGER} LEVEL=INFO`)
    return 0
  }
  const loggers = Object.entries(await connect.loggers()).filter(([name]) => LOGGER === undefined || within(name, LOGGER))
  if (json) print(JSON.stringify(Object.fromEntries(loggers.map(([name, { level }]) => [name, level]))))
  else for (const [name, { level }] of loggers) print(`${(level ?? '').padEnd(6)} ${name}`)
  return 0
}

const within = (name: string, parent: string) => name === parent || name.startsWith(`${parent}.`)
