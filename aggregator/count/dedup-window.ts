// How long event ids are remembered has to cover how long the topic can hand an event out again.
import { ConfigError } from '@tally/platform/process/config'

const DAY_MS = 86_400_000

/** @throws ConfigError (exit code 78) when the topic keeps records longer than the window, or without limit */
export function checkDedupWindow(dedupWindowMs: number, topic: string, topicConfig: ReadonlyMap<string, string>): void {
  const retentionMs = Number(topicConfig.get('retention.ms') ?? Number.NaN)
  if (retentionMs >= 0 && retentionMs <= dedupWindowMs) return
  const kept = retentionMs >= 0 ? `${retentionMs / DAY_MS} days` : 'without limit'
  throw new ConfigError(
    `bad configuration:\n  DEDUP_WINDOW_DAYS: event ids are remembered for ${dedupWindowMs / DAY_MS} days, but ${topic} keeps records ${kept}: ` +
      'an event read again after its id was forgotten could not be told from a new one.\n' +
      `Set DEDUP_WINDOW_DAYS to more than that, or retention.ms of ${topic} to less, and start again.`,
  )
}
