// What the aggregator reads from its environment.
import { consumerConfig, int, readConfig } from '@tally/platform/config'

const DAY_MS = 86_400_000

export function aggregatorConfig() {
  const config = readConfig(
    {
      ...consumerConfig,
      FLUSH_INTERVAL_MS: int(0, 10_000).default(100),
      DEDUP_WINDOW_DAYS: int(1, 3_650).default(8),
    },
    process.env,
  )
  return { ...config, DEDUP_WINDOW_MS: config.DEDUP_WINDOW_DAYS * DAY_MS }
}
