// What no run could wait for is settled when it becomes known: a replay that was counted, or failed again, after all.
import type { Clock } from '@tally/platform/clock'
import { Unavailable } from '@tally/platform/errors'
import { openRuns, queueOf } from './ledger.ts'
import type { Ends } from './ledger-entry.ts'
import type { Dlq, Letter } from './letter.ts'
import { eventIdOf, positionText } from './letter.ts'
import type { Settled } from './outcome.ts'
import { settledAs } from './outcome.ts'
import type { LetterReader } from './plan-replay.ts'
import type { Place, Range } from './positions.ts'
import type { Audit } from './start-run.ts'
import type { Outcomes } from './verify-replays.ts'
import { failuresSince } from './verify-replays.ts'

type Settling = { audit: Audit; letters: LetterReader; outcomes: Outcomes; clock: Clock }

/** Letters looked at in one go. */
const AT_ONCE = 500

/** Settles letters of the queue whose replay had no known outcome, as far as one is known now. Not while a run is open. */
export async function settleLate(dlq: Dlq, { audit, letters, outcomes, clock }: Settling): Promise<void> {
  const ledger = await audit.refresh()
  const { unknown } = queueOf(ledger, dlq.name)
  if (unknown.size === 0 || openRuns(ledger).some((run) => run.dlq === dlq.name)) return
  const some = new Map([...unknown].slice(0, AT_ONCE))
  const ranges = [...some.keys()].map(rangeOf)
  const failures = await failuresSince(dlq, firstOf(ranges), letters, (run, from) => some.get(from) === run)
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
  const counts = await countsOf(dlq, clean, outcomes)
  for (const { run, letter } of clean) {
    if (counts.has(eventIdOf(letter) ?? '')) settle(run, settledAs(letter, { outcome: 'counted' }))
  }
  await audit.append([...settled].map(([run, of]) => ({ kind: 'settled', run, dlq: dlq.name, letters: of, at: clock.now() })))
}

function rangeOf(position: string): Range {
  const [partition = '', offset = ''] = position.split('/')
  return { partition: Number(partition), from: BigInt(offset), next: BigInt(offset) + 1n }
}

/** Where the first of the letters lies, by partition: what became of them lies behind it. */
function firstOf(ranges: Range[]): Ends {
  const first: Ends = new Map()
  for (const { partition, from } of ranges) {
    const known = first.get(partition)
    if (known === undefined || from < known) first.set(partition, from)
  }
  return first
}

async function countsOf({ group }: Dlq, letters: { letter: Letter }[], { countedAt }: Outcomes): Promise<Map<string, Place>> {
  try {
    const known = await countedAt(
      group,
      letters.flatMap(({ letter }) => eventIdOf(letter) ?? []),
    )
    return known ?? new Map()
  } catch (error) {
    if (error instanceof Unavailable) return new Map()
    throw error
  }
}
