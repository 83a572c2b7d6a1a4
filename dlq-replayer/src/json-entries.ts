// Entries of the audit topic as JSON: offsets as decimal text, so that any tool can read them.
import { z } from 'zod'
import type { Ends, Entry } from './ledger-entry.ts'
import { ENDINGS } from './ledger-entry.ts'
import { OUTCOMES } from './outcome.ts'

const offset = z.string().regex(/^\d+$/).transform(BigInt)
const ends = z.array(z.tuple([z.int(), offset])).transform((pairs): Ends => new Map(pairs))
const range = z.tuple([z.int(), offset, offset]).transform(([partition, from, next]) => ({ partition, from, next }))
const settled = z
  .tuple([z.int(), offset, z.enum(OUTCOMES)], z.string())
  .transform(([partition, at, outcome, reason]) => ({ partition, offset: at, outcome, ...(reason !== undefined && { reason }) }))

const control = z.object({ kind: z.enum(['paused', 'resumed', 'cancelled']), run: z.string(), who: z.string(), at: z.number() })

const entry = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('selected'), run: z.string(), ranges: z.array(range) }),
  z.object({
    kind: z.literal('started'),
    run: z.string(),
    dlq: z.string(),
    action: z.enum(['replay', 'discard']),
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
  z.object({ kind: z.literal('settled'), run: z.string(), dlq: z.string(), letters: z.array(settled), at: z.number() }),
  control,
  z.object({ kind: z.literal('noted'), run: z.string(), text: z.string(), at: z.number() }),
  z.object({ kind: z.literal('ended'), run: z.string(), how: z.enum(ENDINGS), at: z.number() }),
])

const pairsOf = (map: Ends) => [...map].map(([partition, end]) => [partition, String(end)])

/** The entry as one line of JSON. */
export function entryJson(given: Entry): string {
  if (given.kind === 'selected') {
    return JSON.stringify({ ...given, ranges: given.ranges.map(({ partition, from, next }) => [partition, String(from), String(next)]) })
  }
  if (given.kind === 'sending') return JSON.stringify({ ...given, topicEnds: pairsOf(given.topicEnds), dlqEnds: pairsOf(given.dlqEnds) })
  if (given.kind === 'settled') {
    const letters = given.letters.map(({ partition, offset: at, outcome, reason }) => [
      partition,
      String(at),
      outcome,
      ...(reason ? [reason] : []),
    ])
    return JSON.stringify({ ...given, letters })
  }
  return JSON.stringify(given)
}

/** @throws Error when the text is no entry that this version knows: skipping it could send letters twice */
export function parseEntry(text: string): Entry {
  return entry.parse(JSON.parse(text))
}
