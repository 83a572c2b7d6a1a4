// Which events of a range came to a topic since one began to look.
import { readRanges } from '@tally/platform/records/read-ranges'
import type { RecordLog } from '@tally/platform/records/record-log'
import type { EventRange } from './event-range.ts'
import type { Arrivals } from './reemit-events.ts'

/** Looks from what can be read of the topic now on; an event that came twice counts once. */
export async function watchArrivals(log: RecordLog, topic: string, { from, to }: EventRange): Promise<Arrivals> {
  const reached = new Map([...(await log.bounds(topic))].map(([partition, { lastStable }]) => [partition, lastStable]))
  const seen = new Set<string>()
  return {
    async arrived() {
      const ends = [...(await log.bounds(topic))].map(([partition, { lastStable }]) => ({ partition, next: lastStable }))
      const ranges = ends.map(({ partition, next }) => ({ partition, from: reached.get(partition) ?? 0n, next }))
      for await (const { headers } of readRanges(log, topic, ranges)) {
        const id = headers.id?.toString() ?? ''
        if (/^\d+$/.test(id) && BigInt(id) >= from && BigInt(id) <= to) seen.add(id)
      }
      for (const { partition, next } of ends) reached.set(partition, next)
      return seen.size
    },
  }
}
