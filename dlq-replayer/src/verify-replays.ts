// What became of replays, told from the group's side: what it dead-lettered again, how far it got, what it counted.
import type { Clock } from '@tally/platform/clock'
import { wait } from '@tally/platform/clock'
import type { Bounds } from '@tally/platform/record-log'
import type { Ends, Sending } from './ledger-entry.ts'
import { endsOf } from './ledger-entry.ts'
import type { Dlq, Letter } from './letter.ts'
import { eventIdOf, LETTER_HEADER, positionText, RUN_HEADER } from './letter.ts'
import type { Settled } from './outcome.ts'
import type { LetterReader } from './plan-replay.ts'

/** Where an event was counted: a record of the topic. */
export type CountedAt = { partition: number; offset: bigint }

export type Outcomes = {
  /** The group's next offsets on the topic; a partition it never committed is not in it. */
  committed(group: string, topic: string): Promise<Ends>
  /** Where the group counted the event; undefined: it did not. Null: the group keeps no such record. @throws Unavailable */
  countedAt(group: string, eventId: string): Promise<CountedAt | undefined | null>
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

const POLL_MS = 200
const ASKING_AT_ONCE = 8

/**
 * Waits for the group; `tooOften`: the new letters that are to be parked. Nothing is settled when the process drains.
 * @param counted the events counted in this cut so far: of letters with one event id only the first was counted
 */
export async function verifyReplays(
  dlq: Dlq,
  run: string,
  letters: Letter[],
  sending: Sending,
  counted: Set<string>,
  verifying: Verifying,
): Promise<{ settled: Settled[]; tooOften: Letter[] }> {
  if (letters.length === 0) return { settled: [], tooOften: [] }
  const passed = await groupPassed(dlq, sending, verifying)
  if (verifying.stopping.aborted) return { settled: [], tooOften: [] }
  const failures = await failuresSince(dlq, sending.dlqEnds, verifying.letters, (from) => from === run)
  const settled: Settled[] = []
  const tooOften: Letter[] = []
  const queue = letters.values()
  const work = async () => {
    for (const letter of queue) {
      const { partition, offset } = letter
      const failure = failures.get(positionText(letter))
      if (failure) {
        settled.push({ partition, offset, outcome: 'failed-again', reason: failure.reason })
        if (failure.replays >= verifying.maxReplays) tooOften.push(failure)
      } else {
        const found = await outcomeOf(dlq, letter, sending, passed, verifying.outcomes)
        settled.push({ partition, offset, ...once(found, eventIdOf(letter), counted) })
      }
    }
  }
  await Promise.all(Array.from({ length: ASKING_AT_ONCE }, work))
  return { settled, tooOften }
}

function once(found: Ended, eventId: string | undefined, counted: Set<string>): Ended {
  if (found.outcome !== 'counted' || eventId === undefined) return found
  if (counted.has(eventId)) return { outcome: 'already-counted' }
  counted.add(eventId)
  return found
}

/** Whether the group's committed offsets passed everything that is in the topic by now. */
async function groupPassed(dlq: Dlq, { topicEnds }: Sending, verifying: Verifying): Promise<boolean> {
  const { replays, outcomes, clock, verifyTimeoutMs, stopping } = verifying
  const deadline = clock.now() + verifyTimeoutMs
  const targets = [...endsOf(await replays.bounds(dlq.topic))].filter(([partition, end]) => end > (topicEnds.get(partition) ?? 0n))
  while (!stopping.aborted && clock.now() < deadline) {
    const committed = await outcomes.committed(dlq.group, dlq.topic)
    if (targets.every(([partition, end]) => (committed.get(partition) ?? -1n) >= end)) return true
    await wait(POLL_MS, stopping)
  }
  return false
}

/** New letters of replays since these ends, by the position of the letter they came from. */
export async function failuresSince(
  dlq: Dlq,
  since: Ends,
  letters: LetterReader,
  ofRun: (run: string, from: string) => boolean,
): Promise<Map<string, Letter>> {
  const failures = new Map<string, Letter>()
  const ends = endsOf(await letters.bounds(dlq))
  const ranges = [...ends].map(([partition, next]) => ({ partition, from: since.get(partition) ?? 0n, next }))
  for await (const letter of letters.read(dlq, ranges)) {
    const [run, from] = [letter.headers[RUN_HEADER]?.toString(), letter.headers[LETTER_HEADER]?.toString()]
    if (run !== undefined && from !== undefined && ofRun(run, from)) failures.set(from, letter)
  }
  return failures
}

async function outcomeOf(dlq: Dlq, letter: Letter, { topicEnds }: Sending, passed: boolean, outcomes: Outcomes): Promise<Ended> {
  const eventId = eventIdOf(letter)
  const late = { outcome: 'unknown' as const, reason: 'the group did not get there in time' }
  if (eventId === undefined) return passed ? { outcome: 'unknown', reason: 'no event id to ask for' } : late
  let at: CountedAt | undefined | null
  try {
    at = await outcomes.countedAt(dlq.group, eventId)
  } catch {
    return { outcome: 'unknown', reason: 'the counts did not answer' }
  }
  if (at === null) return passed ? { outcome: 'handled' } : late
  if (at === undefined) return passed ? { outcome: 'unknown', reason: 'passed, yet not in the counts' } : late
  return { outcome: at.offset >= (topicEnds.get(at.partition) ?? 0n) ? 'counted' : 'already-counted' }
}
