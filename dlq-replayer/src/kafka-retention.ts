// How long topics keep their records; asked at most once a minute each.
import type { Clock } from '@tally/platform/clock'
import { topicConfig } from '@tally/platform/kafka-topic-config'

const FRESH_MS = 60_000

/** Milliseconds; undefined: without limit. @throws Unavailable */
export function kafkaRetention(brokers: string[], clock: Clock): (topic: string) => Promise<number | undefined> {
  const known = new Map<string, { at: number; ms: number | undefined }>()
  return async (topic) => {
    const fresh = known.get(topic)
    if (fresh !== undefined && clock.now() - fresh.at < FRESH_MS) return fresh.ms
    const config = await topicConfig(brokers, topic)
    const ms = Number(config.get('retention.ms') ?? -1)
    const limit = config.get('cleanup.policy')?.includes('delete') && ms >= 0 ? ms : undefined
    known.set(topic, { at: clock.now(), ms: limit })
    return limit
  }
}
