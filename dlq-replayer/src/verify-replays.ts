// What became of replays, told from the group's side: what it dead-lettered again, how far it got, what it counted.
import type { Clock } from '@tally/platform/clock'
import { wait } from '@tally/platform/clock'
import { Unavailable } from '@tally/platform/errors'
import type { Bounds } from '@tally/platform/record-log'
import type { Ends, Sending } from './ledger-entry.ts'
import { endsOf, rangesBetween } from './ledger-entry.ts'
import type { Dlq, Letter } from './letter.ts'
import { eventIdOf, LETTER_HEADER, positionText, RUN_HEADER } from './letter.ts'
import type { Settled } from './outcome.ts'
import type { LetterReader } from './plan-replay.ts'

/** Where an event was counted: a record of the topic. */
export type CountedAt = { partition: number; offset: bigint }

export type Outcomes = {
  /** The group's next offsets on the topic; a partition it never committed is not in it. */
  committed(group: string, topic: string): Promise<Ends>
  /** Where the group counted those of the events that it did. Null: the group keeps no such record. @throws Unavailable */
  countedAt(group: string, eventIds: readonly string[]): Promise<Map<string, CountedAt> | null>
}

type Verifying = {
  letters: LetterReader
  replays: { bounds(topic: string): Promise<Map<number, Bounds>> }
  outcomes: Outcomes
  clock: Clock
  maxReplays: number
  verifyTimeoutMs: number
  stopping: AbortSignal
}

type Ended = Pick<Settled, 'outcome' | 'reason'>

const ASK_AGAIN_MS = 200
/** A group that keeps up commits several times a second, and the next letters wait for these to be settled. */
const POLL_MS = 50
/** The first looks come sooner: a group that keeps up needs no more. */
const FIRST_POLL_MS = 20

/**
 * Waits for the group; `tooOften`: the new letters that are to be parked. Nothing is settled when the process drains.
 * @param counted the events counted in this cut so far: of letters with one event id only the first was counted
 */
export async function verifyReplays(
  dlq: Dlq,
  letters: Letter[],
  sending: Sending,
  { counted, failures: reader }: { counted: Set<string>; failures: { read(): Promise<Map<string, Letter>> } },
  verifying: Verifying,
): Promise<{ settled: Settled[]; tooOften: Letter[] }> {
  if (letters.length === 0) return { settled: [], tooOften: [] }
  const deadline = verifying.clock.now() + verifying.verifyTimeoutMs
  const passed = await groupPassed(dlq, sending, verifying, deadline)
  if (verifying.stopping.aborted) return { settled: [], tooOften: [] }
  const [failures, counts] = await Promise.all([reader.read(), askCounts(dlq, letters, verifying, deadline)])
  const settled: Settled[] = []
  const tooOften: Letter[] = []
  for (const letter of letters) {
    const { partition, offset } = letter
    const failure = failures.size === 0 ? undefined : failures.get(positionText(letter))
    if (failure) {
      settled.push({ partition, offset, outcome: 'failed-again', reason: failure.reason })
      if (failure.replays >= verifying.maxReplays) tooOften.push(failure)
    } else {
      const eventId = eventIdOf(letter)
      const found = outcomeOf(eventId, sending, passed, counts)
      settled.push({ partition, offset, ...once(found, eventId, counted) })
    }
  }
  return { settled, tooOften }
}

/** Undefined: nobody answered in time. */
async function askCounts(
  dlq: Dlq,
  letters: Letter[],
  { outcomes, clock, stopping }: Verifying,
  deadline: number,
): Promise<Map<string, CountedAt> | null | undefined> {
  const eventIds = [...new Set(letters.flatMap((letter) => eventIdOf(letter) ?? []))]
  for (;;) {
    try {
      return await outcomes.countedAt(dlq.group, eventIds)
    } catch (error) {
      if (!(error instanceof Unavailable) || clock.now() >= deadline || stopping.aborted) return undefined
      await wait(ASK_AGAIN_MS, stopping)
    }
  }
}

function once(found: Ended, eventId: string | undefined, counted: Set<string>): Ended {
  if (found.outcome !== 'counted' || eventId === undefined) return found
  if (counted.has(eventId)) return { outcome: 'already-counted' }
  counted.add(eventId)
  return found
}

/** Whether the group's committed offsets passed everything that is in the topic by now. */
async function groupPassed(dlq: Dlq, { topicEnds }: Sending, verifying: Verifying, deadline: number): Promise<boolean> {
  const { replays, outcomes, clock, stopping } = verifying
  const targets = [...endsOf(await replays.bounds(dlq.topic))].filter(([partition, end]) => end > (topicEnds.get(partition) ?? 0n))
  for (let pollMs = FIRST_POLL_MS; !stopping.aborted && clock.now() < deadline; pollMs = Math.min(POLL_MS, pollMs * 2)) {
    const committed = await outcomes.committed(dlq.group, dlq.topic)
    if (targets.every(([partition, end]) => (committed.get(partition) ?? -1n) >= end)) return true
    await wait(pollMs, stopping)
  }
  return false
}

/** New letters of the run's replays since these ends; each read goes on where the last one came to. */
export function failureReader(dlq: Dlq, since: Ends, letters: LetterReader, run: string): { read(): Promise<Map<string, Letter>> } {
  const failures = new Map<string, Letter>()
  let reached = since
  return {
    async read() {
      const ends = endsOf(await letters.bounds(dlq))
      for (const [from, letter] of await failuresSince(dlq, reached, letters, (of) => of === run, ends)) failures.set(from, letter)
      reached = ends
      return failures
    },
  }
}

/** New letters of replays since these ends, by the position of the letter they came from. */
export async function failuresSince(
  dlq: Dlq,
  since: Ends,
  letters: LetterReader,
  ofRun: (run: string, from: string) => boolean,
  until?: Ends,
): Promise<Map<string, Letter>> {
  const failures = new Map<string, Letter>()
  const ends = until ?? endsOf(await letters.bounds(dlq))
  for await (const letter of letters.read(dlq, rangesBetween(since, ends))) {
    const [run, from] = [letter.headers[RUN_HEADER]?.toString(), letter.headers[LETTER_HEADER]?.toString()]
    if (run !== undefined && from !== undefined && ofRun(run, from)) failures.set(from, letter)
  }
  return failures
}

function outcomeOf(
  eventId: string | undefined,
  { topicEnds }: Sending,
  passed: boolean,
  counts: Map<string, CountedAt> | null | undefined,
): Ended {
  const late = { outcome: 'unknown' as const, reason: 'the group did not get there in time' }
  if (counts === null) return passed ? { outcome: 'handled' } : late
  if (eventId === undefined) return passed ? { outcome: 'unknown', reason: 'no event id to ask for' } : late
  if (counts === undefined) return { outcome: 'unknown', reason: 'the counts did not answer' }
  const at = counts.get(eventId)
  if (at === undefined) return passed ? { outcome: 'unknown', reason: 'passed, yet not in the counts' } : late
  return { outcome: at.offset >= (topicEnds.get(at.partition) ?? 0n) ? 'counted' : 'already-counted' }
}
