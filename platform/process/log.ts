// One JSON line per unexpected thing, written where it is decided on. Secrets are redacted by name.

import type { Logger } from 'pino'
import { destination, pino } from 'pino'

export type Log = Logger

const SECRETS = ['authorization', 'password', 'apiKey', 'secret', 'token', 'connectionString', 'DATABASE_URL', 'REDIS_URL']

/** A logger to standard output; written synchronously, so that the last line before a crash is there. */
export function createLog(service: string, level: string): Log {
  const paths = SECRETS.flatMap((name) => [name, `*.${name}`, `*.*.${name}`])
  return pino(
    { level, base: { service }, timestamp: pino.stdTimeFunctions.isoTime, redact: { paths, censor: '[redacted]' } },
    destination({ sync: true }),
  )
}
