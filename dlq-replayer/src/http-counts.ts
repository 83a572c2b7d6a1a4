// Asks the aggregator over HTTP whether, and where, it counted an event.
import { Unavailable } from '@tally/platform/errors'
import type { CountedAt, Outcomes } from './verify-replays.ts'

const TIMEOUT_MS = 5_000

type Answer = { counted: false } | { counted: true; partition: number; offset: string | number }

/** @returns undefined when the event is not counted. @throws Unavailable when there is no answer */
export function httpCounts(url: string): (eventId: string) => Promise<CountedAt | undefined> {
  return async (eventId) => {
    let response: Response
    try {
      response = await fetch(`${url}/v1/events/${eventId}`, { signal: AbortSignal.timeout(TIMEOUT_MS) })
    } catch (error) {
      throw new Unavailable(`${url} does not answer`, { cause: error })
    }
    if (!response.ok) throw new Unavailable(`${url} answered ${response.status} for event ${eventId}`)
    const answer = (await response.json()) as Answer
    return answer.counted ? { partition: answer.partition, offset: BigInt(answer.offset) } : undefined
  }
}

/** Asks the group's counts; null for a group that keeps none. */
export function groupCounts({
  AGGREGATOR_GROUP,
  AGGREGATOR_URL,
}: {
  AGGREGATOR_GROUP: string
  AGGREGATOR_URL: string
}): Outcomes['countedAt'] {
  const counts = httpCounts(AGGREGATOR_URL)
  return async (group, eventId) => (group === AGGREGATOR_GROUP ? counts(eventId) : null)
}
