// Everything the connector commands read from the environment.
import { flag, int, list, readConfig } from '@tally/platform/config'
import { z } from 'zod'

/** The outbox's database as the connector's role: it may read the outbox, insert signals, and make the slot. */
const database = z.string().regex(/^postgres(ql)?:\/\/\S+$/, 'is not a postgres:// URL')

/** Configuration of `main.ts`. */
export const connectorsConfig = () =>
  readConfig(
    {
      CONNECT_URL: z.url({ protocol: /^https?$/, error: 'is not an http(s) URL' }),
      /** Where the connectors' files are; this package's folder when not set. */
      CONNECTORS_FOLDER: z.string().optional(),
      /** One connector instead of all of the folder. */
      CONNECTOR: z.string().optional(),
      /** How long Connect may be away, and a connector not running, before a command gives up. */
      WAIT_TIMEOUT_MS: int(0).default(60_000),
      JSON: flag,
      /** Whole traces instead of their root cause. */
      V: flag,
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
    },
    process.env,
  )
