// Asks the aggregator over HTTP what it counted: from which records, and which events; many at once.
import { Unavailable } from '@tally/platform/process/errors'
import type { Place, Range } from '#letters/positions'
import type { Outcomes } from '#ports'

const TIMEOUT_MS = 10_000
/** What one lookup takes. */
const EVENTS_AT_ONCE = 1_000
const RANGES_AT_ONCE = 500

const LOOKUPS_AT_ONCE = 3

type Counted = { counted: { partition: number; from: string | number; next: string | number }[] }
type Events = { events: ({ eventId: string } & ({ counted: false } | { counted: true; partition: number; offset: string | number }))[] }

/** Each rejects with Unavailable when there is no answer. */
export function httpCounts(url: string) {
  return {
    /** Those records of the ranges from which an event was counted. */
    async countedOf(records: Range[]): Promise<Range[]> {
      const ask = async (lot: Range[]) => {
        const ranges = lot.map(({ partition, from, next }) => ({ partition, from: Number(from), next: Number(next) }))
        const { counted } = await lookup<Counted>(`${url}/v1/records/lookup`, { ranges })
        return counted.map(({ partition, from, next }) => ({ partition, from: BigInt(from), next: BigInt(next) }))
      }
      return (await askInLots(records, RANGES_AT_ONCE, ask)).flat()
    },
    /** Where those that are counted were counted, by event id. */
    async countedAt(eventIds: readonly string[]): Promise<Map<string, Place>> {
      const counted = new Map<string, Place>()
      await askInLots(eventIds, EVENTS_AT_ONCE, async (lot) => {
        const { events } = await lookup<Events>(`${url}/v1/events/lookup`, { eventIds: lot })
        for (const event of events)
          if (event.counted) counted.set(event.eventId, { partition: event.partition, offset: BigInt(event.offset) })
      })
      return counted
    },
  }
}

/** The answers in the order of the lots. */
async function askInLots<T, A>(items: readonly T[], size: number, ask: (lot: T[]) => Promise<A>): Promise<A[]> {
  const lots = Array.from({ length: Math.ceil(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size))
  const answers: A[] = []
  const queue = lots.entries()
  const work = async () => {
    for (const [i, lot] of queue) answers[i] = await ask(lot)
  }
  await Promise.all(Array.from({ length: LOOKUPS_AT_ONCE }, work))
  return answers
}

async function lookup<A>(url: string, question: object): Promise<A> {
  let response: Response
  try {
    response = await fetch(url, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(question),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    })
    if (response.ok) return (await response.json()) as A
  } catch (error) {
    throw new Unavailable(`${url} does not answer`, { cause: error })
  }
  throw new Unavailable(`${url} answered ${response.status}`)
}

/** Asks the group's counts; null for a group that keeps none. */
export function groupCounts({
  AGGREGATOR_GROUP,
  AGGREGATOR_URL,
}: {
  AGGREGATOR_GROUP: string
  AGGREGATOR_URL: string
}): Pick<Outcomes, 'countedOf' | 'countedAt'> {
  const counts = httpCounts(AGGREGATOR_URL)
  return {
    countedOf: async (group, records) => (group === AGGREGATOR_GROUP ? counts.countedOf(records) : null),
    countedAt: async (group, eventIds) => (group === AGGREGATOR_GROUP ? counts.countedAt(eventIds) : null),
  }
}
