// Entries of the audit topic as JSON: offsets as decimal text, so that any tool can read them.
import { z } from 'zod'
import type { Ends, Entry } from './entry.ts'
import { ACTIONS, ENDINGS } from './entry.ts'
import type { Settled } from './outcome.ts'
import { OUTCOMES, settledAs } from './outcome.ts'

const offset = z.string().regex(/^\d+$/).transform(BigInt)
const ends = z.array(z.tuple([z.int(), offset])).transform((pairs): Ends => new Map(pairs))
const range = z.tuple([z.int(), offset, offset]).transform(([partition, from, next]) => ({ partition, from, next }))
const outcome = z.enum(OUTCOMES)
/** As older versions wrote it, a letter each. */
const settledLetter = z
  .tuple([z.int(), offset, outcome], z.string())
  .transform(([partition, offset, outcome, reason]) =>
    settledAs({ partition, offset }, { outcome, ...(reason !== undefined && { reason }) }),
  )
const settledRange = z
  .tuple([z.int(), offset, offset, outcome], z.string())
  .transform(([partition, from, next, outcome, reason]) => ({ partition, from, next, outcome, ...(reason !== undefined && { reason }) }))
const settled = z.array(z.union([settledRange, settledLetter]))

const control = z.object({
  kind: z.enum(['paused', 'resumed', 'cancelled']),
  run: z.string(),
  who: z.string(),
  why: z.string().optional(),
  at: z.number(),
})

const entry = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('selected'), run: z.string(), ranges: z.array(range) }),
  z.object({
    kind: z.literal('started'),
    run: z.string(),
    dlq: z.string(),
    action: z.enum(ACTIONS),
    planId: z.string(),
    letters: z.int(),
    who: z.string(),
    why: z.string(),
    filter: z.record(z.string(), z.string()),
    rate: z.number(),
    canary: z.int(),
    at: z.number(),
  }),
  z.object({ kind: z.literal('sending'), run: z.string(), cut: z.int(), topicEnds: ends, dlqEnds: ends, at: z.number() }),
  z.object({ kind: z.literal('settled'), run: z.string(), dlq: z.string(), letters: settled, at: z.number() }),
  control,
  z.object({ kind: z.literal('noted'), run: z.string(), text: z.string(), at: z.number() }),
  z.object({ kind: z.literal('ended'), run: z.string(), how: z.enum(ENDINGS), at: z.number() }),
])

/** Letters in a row that ended alike are one range: most of a run's do, and everybody who follows the topic reads them. */
function settledRanges(letters: Settled[]): unknown[] {
  const ranges: Settled[] = []
  const last = new Map<number, Settled>()
  for (const settled of letters) {
    const range = last.get(settled.partition)
    if (range?.next === settled.from && range.outcome === settled.outcome && range.reason === settled.reason) {
      range.next = settled.next
      continue
    }
    const another = { ...settled }
    last.set(settled.partition, another)
    ranges.push(another)
  }
  return ranges.map(({ partition, from, next, outcome, reason }) => [partition, `${from}`, `${next}`, outcome, ...(reason ? [reason] : [])])
}

const pairsOf = (map: Ends) => [...map].map(([partition, end]) => [partition, String(end)])

/** The entry as one line of JSON. */
export function entryJson(given: Entry): string {
  if (given.kind === 'selected') {
    return JSON.stringify({ ...given, ranges: given.ranges.map(({ partition, from, next }) => [partition, String(from), String(next)]) })
  }
  if (given.kind === 'sending') return JSON.stringify({ ...given, topicEnds: pairsOf(given.topicEnds), dlqEnds: pairsOf(given.dlqEnds) })
  if (given.kind === 'settled') {
    return JSON.stringify({ ...given, letters: settledRanges(given.letters) })
  }
  return JSON.stringify(given)
}

/** @throws Error when the text is no entry that this version knows: skipping it could send letters twice */
export function parseEntry(text: string): Entry {
  return entry.parse(JSON.parse(text))
}
