// What `make demo` reads from the environment.
import { int, list, readConfig } from '@tally/platform/process/config'
import { z } from 'zod'

export const demoConfig = () =>
  readConfig(
    {
      STACK: z.string().default('default'),
      PORT_OFFSET: int(0).default(0),
      INGEST_API_PORT: int(1).default(3000),
      AGGREGATOR_PORT: int(1).default(3001),
      AGGREGATOR_OPS_PORT: int(1).default(3101),
      FORECASTER_PORT: int(1).default(3002),
    },
    process.env,
  )

/** What `make poison` and `make mend` read; `ops/stack exec` provides it. */
export const poisonConfig = () => readConfig({ KAFKA_BROKERS: list, SCHEMA_REGISTRY_URL: z.string() }, process.env)

/** The environment for a child process: ours and `extra`. */
export const childEnvironment = (extra: Record<string, string>) => ({ ...process.env, ...extra })
