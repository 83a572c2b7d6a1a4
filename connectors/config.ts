// Everything the connector commands read from the environment.
import { commonConfig, flag, int, list, readConfig } from '@tally/platform/process/config'
import { z } from 'zod'

/** The outbox's database as the connector's role: it may read the outbox, insert signals, and make the slot. */
const database = z.string().regex(/^postgres(ql)?:\/\/\S+$/, 'is not a postgres:// URL')

const common = {
  CONNECT_URL: z.url({ protocol: /^https?$/, error: 'is not an http(s) URL' }),
  /** Where the connectors' files are; this package's folder when not set. */
  CONNECTORS_FOLDER: z.string().optional(),
  /** Whose values go on top of the files': a folder below environments/. */
  CONNECT_ENVIRONMENT: z.string().optional(),
}

/** Configuration of `guard.ts`. */
export const guardConfig = () =>
  readConfig({ ...commonConfig, ...common, SIGNAL_DATABASE_URL: database, LOOK_EVERY_MS: int(1, 30_000).default(5_000) }, process.env)

/** Configuration of `main.ts`. */
export const connectorsConfig = () =>
  readConfig(
    {
      ...common,
      /** One connector instead of all of the folder. */
      CONNECTOR: z.string().optional(),
      /** How long Connect may be away, a connector not running, or no event sent again arrive, before a command gives up. */
      WAIT_TIMEOUT_MS: int(0).default(60_000),
      JSON: flag,
      /** Whole traces instead of their root cause. */
      V: flag,
      /** Lets `apply` delete live connectors that this checkout does not know. */
      PRUNE: flag,
      /** Without it, status tells of Connect alone. */
      SIGNAL_DATABASE_URL: database.optional(),
    },
    process.env,
  )

/** What `reemit` and `recover` read besides. */
export const reemitConfig = () =>
  readConfig(
    {
      KAFKA_BROKERS: list,
      SIGNAL_DATABASE_URL: database,
      FROM: z.string().optional(),
      TO: z.string().optional(),
      WHY: z.string().optional(),
      /** Lets `recover` drop a slot that has lost nothing without asking. */
      YES: flag,
    },
    process.env,
  )

/** What `offsets` reads besides: a file to write or to read, or the word to forget. */
export const offsetsConfig = () =>
  readConfig({ BACKUP: z.string().optional(), RESTORE: z.string().optional(), RESET: flag, YES: flag }, process.env)

/** What `log-level` reads besides. */
export const loggerConfig = () =>
  readConfig(
    {
      LOGGER: z.string().optional(),
      LEVEL: z
        .enum(['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL', 'OFF'], { error: 'is none of TRACE DEBUG INFO WARN ERROR FATAL OFF' })
        .optional(),
    },
    process.env,
  )
