// The schemas as they lie in the repository.
import { readFileSync } from 'node:fs'
import { ORDER_BUCKETS, ORDER_EVENTS, ORDER_FORECASTS } from './topics.ts'

const FILES = { [ORDER_EVENTS]: 'OrderPlaced', [ORDER_BUCKETS]: 'OrderBucket', [ORDER_FORECASTS]: 'OrderForecast' }

export type TopicWithSchema = typeof ORDER_EVENTS | typeof ORDER_BUCKETS | typeof ORDER_FORECASTS

export const TOPICS_WITH_SCHEMA = Object.keys(FILES) as TopicWithSchema[]

/** The schema (JSON text) that this checkout writes to the topic. */
export function schemaOf(topic: TopicWithSchema): string {
  return readFileSync(new URL(`../${FILES[topic]}.avsc`, import.meta.url), 'utf8')
}
