// Puts letters into a dead letter queue, once each, and tells where they lie then.
import type { NewRecord } from '@tally/platform/records/record-log'
import type { Ends } from '#ledger/entry'
import { endsOf, rangesBetween } from '#ledger/entry'
import type { Dlq } from '#letters/letter'
import { recordDigest } from '#letters/letter-digest'
import type { Positions } from '#letters/positions'
import { addPlaces } from '#letters/positions'
import type { LetterReader } from '#ports'

/** Writes with acks=all; resolves once every record is acknowledged. */
export type Append = (topic: string, records: NewRecord[]) => Promise<unknown>

/** Where letters of these digests lie, of those between the offsets; of equal ones the first. */
export async function placesOf(
  dlq: Dlq,
  wanted: ReadonlySet<string>,
  letters: LetterReader,
  since: Ends = new Map(),
): Promise<Map<string, { partition: number; offset: bigint }>> {
  const places = new Map<string, { partition: number; offset: bigint }>()
  if (wanted.size === 0) return places
  const ranges = rangesBetween(since, endsOf(await letters.bounds(dlq)))
  for await (const { record, partition, offset } of letters.read(dlq, ranges)) {
    const digest = recordDigest(record)
    if (wanted.has(digest) && !places.has(digest)) places.set(digest, { partition, offset })
  }
  return places
}

/** Items as they come, in lots of `size`; the last one is smaller. */
export async function* inLots<T>(items: AsyncIterable<T>, size: number): AsyncGenerator<T[]> {
  let lot: T[] = []
  for await (const item of items) {
    lot.push(item)
    if (lot.length < size) continue
    yield lot
    lot = []
  }
  if (lot.length > 0) yield lot
}

/** Appends the letters lot by lot, and calls `done` behind each, until that answers false; returns the places of what was appended. */
export async function putLetters<T extends { record: NewRecord }>(
  dlq: Dlq,
  lots: AsyncIterable<T[]>,
  { letters, append, done = async () => true }: { letters: LetterReader; append: Append; done?(lot: T[]): Promise<boolean> },
): Promise<Positions> {
  const before = endsOf(await letters.bounds(dlq))
  const digests = new Set<string>()
  for await (const lot of lots) {
    for (const { record } of lot) digests.add(recordDigest(record))
    await append(
      dlq.name,
      lot.map(({ record }) => record),
    )
    if (!(await done(lot))) break
  }
  const positions: Positions = new Map()
  addPlaces(positions, (await placesOf(dlq, digests, letters, before)).values())
  return positions
}
