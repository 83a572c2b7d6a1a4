// What became of replays, told from the group's side: what it dead-lettered again, how far it got, what it counted.

import type { Clock } from '@tally/platform/process/clock'
import { wait } from '@tally/platform/process/clock'
import { Unavailable } from '@tally/platform/process/errors'
import type { Ends, Sending } from '#ledger/entry'
import { endsOf, rangesBetween } from '#ledger/entry'
import type { How, Settled } from '#ledger/outcome'
import { addSettled } from '#ledger/outcome'
import type { Dlq, Letter, Replay } from '#letters/letter'
import { eventIdOf, positionText, replayIn } from '#letters/letter'
import type { Place, Positions, Range } from '#letters/positions'
import { addPositions, hasPosition, positionRanges, positionsOf } from '#letters/positions'
import type { LetterReader, Outcomes, Replays } from '#ports'
import type { Sent } from './letters-out.ts'

type Verifying = {
  letters: LetterReader
  replays: Pick<Replays, 'bounds' | 'replaysAt'>
  outcomes: Outcomes
  clock: Clock
  maxReplays: number
  verifyTimeoutMs: number
  stopping: AbortSignal
}

const ASK_AGAIN_MS = 200
/** A group that keeps up commits several times a second, and the next letters wait for these to be settled. */
const POLL_MS = 50
/** The first looks come sooner: a group that keeps up needs no more. */
const FIRST_POLL_MS = 20

/** Waits for the group; `tooOften`: the new letters that are to be parked. Nothing is settled when the process drains. */
export async function verifyReplays(
  dlq: Dlq,
  sent: Sent[],
  sending: Sending,
  reader: { read(): Promise<Map<string, Letter>> },
  verifying: Verifying,
): Promise<{ settled: Settled[]; tooOften: Letter[] }> {
  if (sent.length === 0) return { settled: [], tooOften: [] }
  const { outcomes, replays, clock, verifyTimeoutMs, maxReplays, stopping } = verifying
  const deadline = clock.now() + verifyTimeoutMs
  const passed = await groupPassed(dlq, sending, verifying, deadline)
  if (stopping.aborted) return { settled: [], tooOften: [] }
  const ask = <T>(question: () => Promise<T>) => answered(question, verifying, deadline)
  const [failures, here] = await Promise.all([reader.read(), ask(() => outcomes.countedOf(dlq.group, recordsOf(sent)))])
  const settled: Settled[] = []
  const tooOften: Letter[] = []
  const others: Letter[] = []
  const places = positionsOf(here ?? [])
  for (const { letter, at } of sent) {
    const failure = failures.size === 0 ? undefined : failures.get(positionText(letter))
    if (failure) {
      addSettled(settled, letter, { outcome: 'failed-again', reason: failure.reason })
      if (failure.replays >= maxReplays) tooOften.push(failure)
    } else if (hasPosition(places, at.partition, at.offset)) addSettled(settled, letter, { outcome: 'counted' })
    else others.push(letter)
  }
  if (others.length === 0) return { settled, tooOften }
  const eventIds = [...new Set(others.flatMap((letter) => eventIdOf(letter) ?? []))]
  const counts = await ask(() => outcomes.countedAt(dlq.group, eventIds))
  const since = [...(counts?.values() ?? [])].filter(({ partition, offset }) => offset >= (sending.topicEnds.get(partition) ?? 0n))
  const lying = since.length === 0 ? new Map() : await ask(() => replays.replaysAt(dlq.topic, since))
  const known = { run: sending.run, passed, counts: lying && counts, lying }
  for (const letter of others) addSettled(settled, letter, outcomeOf(letter, known))
  return { settled, tooOften }
}

/** Where the replays lie. */
function recordsOf(sent: Sent[]): Range[] {
  const records: Positions = new Map()
  for (const { at } of sent) addPositions(records, at.partition, at.offset)
  return positionRanges(records)
}

/** Undefined: nobody answered in time. */
async function answered<T>(ask: () => Promise<T>, { clock, stopping }: Verifying, deadline: number): Promise<T | undefined> {
  for (;;) {
    try {
      return await ask()
    } catch (error) {
      if (!(error instanceof Unavailable) || clock.now() >= deadline || stopping.aborted) return undefined
      await wait(ASK_AGAIN_MS, stopping)
    }
  }
}

/** Whether the group's committed offsets passed everything that is in the topic by now. Looked at once at least, however late it is. */
async function groupPassed(dlq: Dlq, { topicEnds }: Sending, verifying: Verifying, deadline: number): Promise<boolean> {
  const { replays, outcomes, clock, stopping } = verifying
  const targets = [...endsOf(await replays.bounds(dlq.topic))].filter(([partition, end]) => end > (topicEnds.get(partition) ?? 0n))
  for (let pollMs = FIRST_POLL_MS; !stopping.aborted; pollMs = Math.min(POLL_MS, pollMs * 2)) {
    const committed = await outcomes.committed(dlq.group, dlq.topic)
    if (targets.every(([partition, end]) => (committed.get(partition) ?? -1n) >= end)) return true
    if (clock.now() >= deadline) return false
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
    const replay = replayIn(letter)
    if (replay && ofRun(replay.run, replay.letter)) failures.set(replay.letter, letter)
  }
  return failures
}

type Known = {
  run: string
  passed: boolean
  /** Where events were counted. Null: the group keeps no such record; undefined: nobody answered. */
  counts: Map<string, Place> | null | undefined
  /** Which replays lie there. */
  lying: Map<string, Replay> | undefined
}

/** Of a letter that was not counted where its replay lies: its write was tried again, or its event was counted from elsewhere. */
function outcomeOf(letter: Letter, { run, passed, counts, lying }: Known): How {
  const eventId = eventIdOf(letter)
  const late = { outcome: 'unknown' as const, reason: 'the group did not get there in time' }
  if (counts === null) return passed ? { outcome: 'handled' } : late
  if (eventId === undefined) return passed ? { outcome: 'unknown', reason: 'no event id to ask for' } : late
  if (counts === undefined) return { outcome: 'unknown', reason: 'the counts did not answer' }
  const at = counts.get(eventId)
  if (at === undefined) return passed ? { outcome: 'unknown', reason: 'passed, yet not in the counts' } : late
  return { outcome: countedBy(at, run, letter, lying) }
}

/** A letter is counted when the record that was counted is its own replay. */
export function countedBy(at: Place, run: string, letter: Letter, lying: Map<string, Replay> | undefined): 'counted' | 'already-counted' {
  const replay = lying?.get(positionText(at))
  return replay?.run === run && replay.letter === positionText(letter) ? 'counted' : 'already-counted'
}
