// What the aggregator reads from its environment.
import { address, int, readConfig } from '@tally/platform/process/config'
import { consumerConfig } from '@tally/platform/service/config'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

export function aggregatorConfig() {
  const config = readConfig(
    {
      ...consumerConfig,
      FLUSH_INTERVAL_MS: int(0, 10_000).default(100),
      DEDUP_WINDOW_DAYS: int(1, 3_650).default(8),
      CACHE_TTL_MS: int(0, 60_000).default(1_000),
      HISTORY_HOURS: int(1, 8_760).default(48),
      MINUTE_RETENTION_DAYS: int(1, 36_500).default(35),
    },
    process.env,
  )
  return {
    ...config,
    DEDUP_WINDOW_MS: config.DEDUP_WINDOW_DAYS * DAY_MS,
    HISTORY_MS: config.HISTORY_HOURS * HOUR_MS,
    MINUTE_RETENTION_MS: config.MINUTE_RETENTION_DAYS * DAY_MS,
  }
}

/** What `make rebuild` reads: where the aggregator listens. */
export const rebuildConfig = () => readConfig({ OPS_LISTEN: address }, process.env)
