// What no run could wait for is settled when it becomes known: a replay that was counted, or failed again, after all.
import type { Clock } from '@tally/platform/process/clock'
import { Unavailable } from '@tally/platform/process/errors'
import { firstOf } from '#ledger/entry'
import { openRuns, queueOf } from '#ledger/ledger'
import type { Settled } from '#ledger/outcome'
import { settledAs } from '#ledger/outcome'
import type { Dlq, Letter, Replay } from '#letters/letter'
import { eventIdOf, placeOf, positionText } from '#letters/letter'
import type { Place, Range } from '#letters/positions'
import type { Audit, LetterReader, Outcomes, Replays } from '#ports'
import { countedBy, failuresSince } from './verify-replays.ts'

type Settling = { audit: Audit; letters: LetterReader; replays: Pick<Replays, 'replaysAt'>; outcomes: Outcomes; clock: Clock }

/** Letters looked at in one go. */
const AT_ONCE = 500

/** Settles letters of the queue whose replay had no known outcome, as far as one is known now. Not while a run is open. */
export async function settleLate(dlq: Dlq, { audit, letters, replays, outcomes, clock }: Settling): Promise<void> {
  const ledger = await audit.refresh()
  const { unknown } = queueOf(ledger, dlq.name)
  if (unknown.size === 0 || openRuns(ledger).some((run) => run.dlq === dlq.name)) return
  const some = new Map([...unknown].slice(0, AT_ONCE))
  const ranges = [...some.keys()].map(rangeOf)
  const failures = await failuresSince(dlq, firstOf([...some.keys()].map(placeOf)), letters, (run, from) => some.get(from) === run)
  const settled = new Map<string, Settled[]>()
  const settle = (run: string, letter: Settled) => settled.set(run, [...(settled.get(run) ?? []), letter])
  const clean: { run: string; letter: Letter }[] = []
  for await (const letter of letters.read(dlq, ranges)) {
    const run = some.get(positionText(letter))
    if (run === undefined) continue
    const failure = failures.get(positionText(letter))
    if (failure) settle(run, settledAs(letter, { outcome: 'failed-again', reason: failure.reason }))
    else clean.push({ run, letter })
  }
  const { counts, lying } = await countsOf(dlq, clean, { outcomes, replays })
  for (const { run, letter } of clean) {
    const at = counts.get(eventIdOf(letter) ?? '')
    if (at) settle(run, settledAs(letter, { outcome: countedBy(at, run, letter, lying) }))
  }
  await audit.append([...settled].map(([run, of]) => ({ kind: 'settled', run, dlq: dlq.name, letters: of, at: clock.now() })))
}

function rangeOf(position: string): Range {
  const { partition, offset } = placeOf(position)
  return { partition, from: offset, next: offset + 1n }
}

/** Where the events were counted, and which replays lie there; nothing while nobody answers. */
async function countsOf(
  { group, topic }: Dlq,
  letters: { letter: Letter }[],
  { outcomes, replays }: Pick<Settling, 'outcomes' | 'replays'>,
) {
  const eventIds = letters.flatMap(({ letter }) => eventIdOf(letter) ?? [])
  try {
    const counts: Map<string, Place> = (await outcomes.countedAt(group, eventIds)) ?? new Map()
    return { counts, lying: await replays.replaysAt(topic, [...counts.values()]) }
  } catch (error) {
    if (!(error instanceof Unavailable)) throw error
    return { counts: new Map<string, Place>(), lying: new Map<string, Replay>() }
  }
}
