// The variables that every service reads which consumes into a DuckDB file of its own.
import { z } from 'zod'
import { DEFAULT_POLICY } from '#loop/policy'
import { address, commonConfig, flagOn, int, list } from '#process/config'

/** See policyOf for what is the loop's. */
export const consumerConfig = {
  ...commonConfig,
  LISTEN: address,
  KAFKA_BROKERS: list,
  KAFKAJS_FAST: flagOn,
  SCHEMA_REGISTRY_URL: z.url(),
  DATA_FILE: z.string().min(1),
  DUCKDB_MEMORY_LIMIT: z
    .string()
    .regex(/^\d+(MB|GB)$/, 'is not a size such as 160MB')
    .default('160MB'),
  START_TIMEOUT_MS: int(1).default(120_000),
  DLQ_MAX_IN_A_ROW: int(1).default(DEFAULT_POLICY.dlqInARow),
  STALL_TIMEOUT_MS: int(1_000).default(DEFAULT_POLICY.stallTimeoutMs),
  MAX_BUFFERED_RECORDS: int(1).default(DEFAULT_POLICY.maxBufferedRecords),
  DLQ_MAX_SHARE: z.coerce.number().min(0).max(1).default(DEFAULT_POLICY.dlqShare),
}

export type ConsumerConfig = z.infer<z.ZodObject<typeof consumerConfig>>
