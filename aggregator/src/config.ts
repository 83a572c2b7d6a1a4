// What the aggregator reads from its environment.
import { address, commonConfig, int, list, readConfig } from '@tally/platform/config'
import { z } from 'zod'

export const readAggregatorConfig = () =>
  readConfig(
    {
      ...commonConfig,
      LISTEN: address,
      KAFKA_BROKERS: list,
      SCHEMA_REGISTRY_URL: z.url(),
      DATA_FILE: z.string().min(1),
      FLUSH_INTERVAL_MS: int(0, 10_000).default(100),
      DEDUP_WINDOW_DAYS: int(1, 3_650).default(8),
    },
    process.env,
  )

export type AggregatorConfig = ReturnType<typeof readAggregatorConfig>
