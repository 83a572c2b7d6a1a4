// Everything ingest-api and its commands read from the environment.
import { address, commonConfig, int, readConfig } from '@tally/platform/process/config'
import { z } from 'zod'

const url = z.url({ protocol: /^https?$/, error: 'is not an http(s) URL' })
const redis = z.url({ protocol: /^rediss?$/, error: 'is not a redis:// URL' })
const database = z.string().regex(/^postgres(ql)?:\/\/\S+$/, 'is not a postgres:// URL')
const password = z.string().min(1)

export type IngestConfig = ReturnType<typeof ingestConfig>

/** Configuration of the service. */
export const ingestConfig = () =>
  readConfig(
    {
      ...commonConfig,
      LISTEN: address,
      DATABASE_URL: database,
      DATABASE_CONNECTIONS: int(1, 1_000).default(10),
      SCHEMA_REGISTRY_URL: url,
      MAX_ORDER_AGE_DAYS: int(0, 36_500).default(7),
      RATE_LIMIT_PER_MINUTE: int(1, 1_000_000_000).default(1_000),
      /** Orders at once; as many as a minute's rate when not set. */
      RATE_LIMIT_BURST: int(1, 1_000_000_000).optional(),
      /** API keys nobody has, from one address. */
      WRONG_KEYS_PER_MINUTE: int(1, 1_000_000_000).default(60),
      /** Proxies in front whose X-Forwarded-For is believed; with none, the header says nothing. */
      TRUST_PROXY_HOPS: int(0, 10).default(0),
      /** Where instances share their rate limits; without it each counts for itself. */
      REDIS_URL: redis.optional(),
      /** Orders that may wait for the database before new ones are refused. */
      MAX_QUEUED_ORDERS: int(1).default(2_000),
      /** Single orders being placed before one more is refused: as many as the process can place within some tens of milliseconds. */
      MAX_PLACING_ORDERS: int(1).default(512),
      /** Orders being placed, and as many being read, before one more is refused. */
      MAX_CONCURRENT_REQUESTS: int(1).default(1_000),
      /** Batches under way; each may keep 4 MiB. */
      MAX_CONCURRENT_BATCHES: int(1).default(8),
      /** From its last byte on, a request for one order is answered within this. */
      REQUEST_DEADLINE_MS: int(1).default(10_000),
      STATEMENT_TIMEOUT_MS: int(1).default(5_000),
      OUTBOX_RETENTION_DAYS: int(1).default(8),
      OUTBOX_SLOT: z.string().default('order_outbox'),
    },
    process.env,
  )

/** Configuration of `migrate.ts`. */
export const migrateConfig = () =>
  readConfig(
    {
      /** A superuser in the database `postgres`. */
      MIGRATE_DATABASE_URL: database,
      TALLY_OWNER_PASSWORD: password,
      TALLY_API_PASSWORD: password,
      TALLY_READER_PASSWORD: password,
      DBZ_PASSWORD: password,
      REGISTRY_PASSWORD: password,
      REPLAYER_PASSWORD: password,
      OUTBOX_SLOT: z.string().default('order_outbox'),
    },
    process.env,
  )

/** Configuration of `add-merchant.ts` and `merchant-key.ts`. */
export const addMerchantConfig = () => readConfig({ DATABASE_URL: database }, process.env)
