// Asks the aggregator over HTTP whether, and where, it counted events; many at once.
import { Unavailable } from '@tally/platform/errors'
import type { CountedAt, Outcomes } from './verify-replays.ts'

const TIMEOUT_MS = 10_000
/** What one lookup takes. */
const AT_ONCE = 1_000

const LOOKUPS_AT_ONCE = 3

type Answer = { events: ({ eventId: string } & ({ counted: false } | { counted: true; partition: number; offset: string | number }))[] }

/** @returns those that are counted, by event id. @throws Unavailable when there is no answer */
export function httpCounts(url: string): (eventIds: readonly string[]) => Promise<Map<string, CountedAt>> {
  return async (eventIds) => {
    const counted = new Map<string, CountedAt>()
    const lots = Array.from({ length: Math.ceil(eventIds.length / AT_ONCE) }, (_, i) => eventIds.slice(i * AT_ONCE, (i + 1) * AT_ONCE))
    const queue = lots.values()
    const ask = async () => {
      for (const lot of queue) {
        const { events } = await lookup(url, lot)
        for (const event of events)
          if (event.counted) counted.set(event.eventId, { partition: event.partition, offset: BigInt(event.offset) })
      }
    }
    await Promise.all(Array.from({ length: LOOKUPS_AT_ONCE }, ask))
    return counted
  }
}

async function lookup(url: string, eventIds: readonly string[]): Promise<Answer> {
  let response: Response
  try {
    response = await fetch(`${url}/v1/events/lookup`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ eventIds }),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    })
    if (response.ok) return (await response.json()) as Answer
  } catch (error) {
    throw new Unavailable(`${url} does not answer`, { cause: error })
  }
  throw new Unavailable(`${url} answered ${response.status} for ${eventIds.length} events`)
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
  return async (group, eventIds) => (group === AGGREGATOR_GROUP ? counts(eventIds) : null)
}
