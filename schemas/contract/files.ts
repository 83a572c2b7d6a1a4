// The schemas as they lie in the repository.
import { readFileSync } from 'node:fs'
import { ORDER_BUCKETS, ORDER_EVENTS, ORDER_FORECASTS } from './topics.ts'

const FILES = { [ORDER_EVENTS]: 'OrderPlaced.avsc', [ORDER_BUCKETS]: 'OrderBucket.avsc', [ORDER_FORECASTS]: 'OrderForecast.avsc' }

export type TopicWithSchema = typeof ORDER_EVENTS | typeof ORDER_BUCKETS | typeof ORDER_FORECASTS

export const TOPICS_WITH_SCHEMA = Object.keys(FILES) as TopicWithSchema[]

/** Name of the topic's file below schemas/. */
export const fileOf = (topic: TopicWithSchema): string => FILES[topic]

/** The schema (JSON text) that this checkout writes to the topic. */
export function schemaOf(topic: TopicWithSchema): string {
  return readFileSync(new URL(`../${FILES[topic]}`, import.meta.url), 'utf8')
}
