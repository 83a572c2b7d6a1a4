// How long topics keep their records; asked at most once a minute each.

import { topicConfig } from '@tally/platform/kafka/topic-config'
import type { Clock } from '@tally/platform/process/clock'

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

/** Whether the topic is compacted; asked once each. @throws Unavailable */
export function kafkaCompaction(brokers: string[]): (topic: string) => Promise<boolean> {
  const known = new Map<string, boolean>()
  return async (topic) => {
    const compacted = known.get(topic) ?? (await topicConfig(brokers, topic)).get('cleanup.policy')?.includes('compact') ?? false
    known.set(topic, compacted)
    return compacted
  }
}
