// Everything the connector commands read from the environment.
import { flag, int, list, readConfig } from '@tally/platform/config'
import { z } from 'zod'

export type ConnectorsConfig = ReturnType<typeof connectorsConfig>

/** Configuration of `main.ts` and `apply.ts`. */
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
    },
    process.env,
  )

/** What `reemit` reads besides. */
export const reemitConfig = () =>
  readConfig(
    {
      KAFKA_BROKERS: list,
      /** The outbox's database as a role that may read it and insert signals. */
      SIGNAL_DATABASE_URL: z.string().regex(/^postgres(ql)?:\/\/\S+$/, 'is not a postgres:// URL'),
      FROM: z.string().optional(),
      TO: z.string().optional(),
      WHY: z.string().optional(),
    },
    process.env,
  )
