// Keeps the plan of all open letters fresh, for metrics and alerts; a look never takes more than a tenth of the time.
import type { Clock } from '@tally/platform/clock'
import { wait } from '@tally/platform/clock'
import type { Log } from '@tally/platform/log'
import { openRuns } from './ledger.ts'
import { endsOf } from './ledger-entry.ts'
import type { Dlq } from './letter.ts'
import type { QueuePlan } from './plan.ts'
import type { LetterReader } from './plan-replay.ts'
import { planReplay } from './plan-replay.ts'
import type { Audit } from './start-run.ts'

type Watching = {
  dlqs: Dlq[]
  letters: LetterReader
  audit: Audit
  clock: Clock
  stopping: AbortSignal
  log: Log
  /** Called before each look. */
  settleLate(dlq: Dlq): Promise<void>
}

export type LettersSeen = {
  plans: QueuePlan[]
}

const EVERY_MS = 15_000
const SHARE = 10
/** While a run is open, whose letters go fast enough without. */
const EVERY_IN_RUN_MS = 60_000

/** Starts looking; `seen` is filled after the first look. */
export function watchLetters({ dlqs, letters, audit, clock, stopping, log, settleLate }: Watching): {
  seen: LettersSeen
  stop(): Promise<void>
} {
  const seen: LettersSeen = { plans: [] }
  let mark = ''
  let plannedAt = Number.NEGATIVE_INFINITY

  async function look(): Promise<void> {
    for (const dlq of dlqs) await settleLate(dlq)
    const ledger = await audit.refresh()
    if (openRuns(ledger).length > 0 && clock.now() - plannedAt < EVERY_IN_RUN_MS) return
    const counts = [...ledger.queues.values()].map((queue) => queue.counts)
    const ends = await Promise.all(dlqs.map(async (dlq) => [...endsOf(await letters.bounds(dlq))].map(([, end]) => String(end))))
    const now = JSON.stringify([counts, ends])
    if (now === mark) return
    plannedAt = clock.now()
    seen.plans = (await planReplay(dlqs, {}, { letters, ledger, decode: async () => undefined, signal: stopping })).plans
    mark = now
  }

  async function loop(): Promise<void> {
    while (!stopping.aborted) {
      const began = clock.now()
      await look().catch((error: unknown) =>
        log.warn({ err: error }, 'the dead letter queues could not be looked through; metrics are old'),
      )
      await wait(Math.max(EVERY_MS, (clock.now() - began) * SHARE), stopping)
    }
  }
  const looping = loop()
  return { seen, stop: () => looping }
}
