// What the aggregator reads from its environment.
import { address, commonConfig, int, list, readConfig } from '@tally/platform/config'
import { z } from 'zod'

const DAY_MS = 86_400_000

export function aggregatorConfig() {
  const config = readConfig(
    {
      ...commonConfig,
      LISTEN: address,
      KAFKA_BROKERS: list,
      SCHEMA_REGISTRY_URL: z.url(),
      DATA_FILE: z.string().min(1),
      FLUSH_INTERVAL_MS: int(0, 10_000).default(100),
      DEDUP_WINDOW_DAYS: int(1, 3_650).default(8),
      DUCKDB_MEMORY_LIMIT: z
        .string()
        .regex(/^\d+(MB|GB)$/, 'is not a size such as 256MB')
        .default('256MB'),
      START_TIMEOUT_MS: int(1).default(120_000),
    },
    process.env,
  )
  return { ...config, DEDUP_WINDOW_MS: config.DEDUP_WINDOW_DAYS * DAY_MS }
}
