// Puts letters into a dead letter queue, once each, and tells where they lie then.
import type { NewRecord } from '@tally/platform/record-log'
import type { Ends } from './ledger-entry.ts'
import { endsOf } from './ledger-entry.ts'
import type { Dlq } from './letter.ts'
import { recordDigest } from './letter-digest.ts'
import type { LetterReader } from './plan-replay.ts'
import type { Positions } from './positions.ts'
import { addPositions, hasPosition } from './positions.ts'

/** Writes with acks=all; resolves once every record is acknowledged. */
export type Append = (topic: string, records: NewRecord[]) => Promise<void>

/** Where letters of these digests lie, of those between the offsets; of equal ones the first. */
export async function placesOf(
  dlq: Dlq,
  wanted: ReadonlySet<string>,
  letters: LetterReader,
  since?: Ends,
): Promise<Map<string, { partition: number; offset: bigint }>> {
  const places = new Map<string, { partition: number; offset: bigint }>()
  if (wanted.size === 0) return places
  const ranges = [...(await letters.bounds(dlq))].map(([partition, { logStart, highWatermark }]) => ({
    partition,
    from: since?.get(partition) ?? logStart,
    next: highWatermark,
  }))
  for await (const { record, partition, offset } of letters.read(dlq, ranges)) {
    const digest = recordDigest(record)
    if (wanted.has(digest) && !places.has(digest)) places.set(digest, { partition, offset })
  }
  return places
}

/** Appends the letters lot by lot, and calls `done` behind each; returns the places of all of them. */
export async function putLetters<T extends { record: NewRecord }>(
  dlq: Dlq,
  lots: AsyncIterable<T[]>,
  { letters, append, done = async () => {} }: { letters: LetterReader; append: Append; done?(lot: T[]): Promise<void> },
): Promise<Positions> {
  const before = endsOf(await letters.bounds(dlq))
  const digests = new Set<string>()
  for await (const lot of lots) {
    for (const { record } of lot) digests.add(recordDigest(record))
    await append(
      dlq.name,
      lot.map(({ record }) => record),
    )
    await done(lot)
  }
  const positions: Positions = new Map()
  for (const { partition, offset } of (await placesOf(dlq, digests, letters, before)).values()) {
    if (!hasPosition(positions, partition, offset)) addPositions(positions, partition, offset)
  }
  return positions
}
