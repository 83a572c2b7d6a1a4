// What the forecaster reads from its environment.
import { address, commonConfig, int, list, readConfig } from '@tally/platform/config'
import { z } from 'zod'

export const forecasterConfig = () =>
  readConfig(
    {
      ...commonConfig,
      LISTEN: address,
      KAFKA_BROKERS: list,
      SCHEMA_REGISTRY_URL: z.url(),
      DATA_FILE: z.string().min(1),
      /** Forecasts are made once closed days have not changed for so long. */
      FORECAST_SETTLE_MS: int(0, 600_000).default(5_000),
      DUCKDB_MEMORY_LIMIT: z
        .string()
        .regex(/^\d+(MB|GB)$/, 'is not a size such as 256MB')
        .default('256MB'),
      START_TIMEOUT_MS: int(1).default(120_000),
    },
    process.env,
  )
