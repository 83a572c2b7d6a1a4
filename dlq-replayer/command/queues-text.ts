// Said when somebody means a dead letter queue that is not there.
import type { Filter } from '#letters/filter'
import { meansQueue } from '#letters/filter'
import type { Dlq } from '#letters/letter'
import { COLUMNS, fit, shellWord, wrap } from '#letters/text'

/** What TOPIC names and no queue is called, and which queues there are; nothing when all that it names is there. */
export function noQueueLines({ topics = [] }: Filter, dlqs: Dlq[]): string[] {
  const strangers = topics.filter((topic) => !dlqs.some((dlq) => meansQueue({ topics: [topic] }, dlq)))
  if (strangers.length === 0) return []
  return [
    ...wrap(`TOPIC=${shellWord(strangers.join(','))} names no dead letter queue. There are, by topic or by their own name:`),
    ...dlqs.map(({ name, topic }) => fit(`  ${topic}, or ${name}`, COLUMNS)),
  ]
}
