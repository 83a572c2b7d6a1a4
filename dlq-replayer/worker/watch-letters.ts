// Keeps the plan of all open letters fresh, for metrics and alerts; a look never takes more than a tenth of the time.
import type { Clock } from '@tally/platform/process/clock'
import { wait } from '@tally/platform/process/clock'
import type { Log } from '@tally/platform/process/log'
import { type Ledger, openRuns, queueOf } from '#ledger/ledger'
import type { Dlq } from '#letters/letter'
import type { QueuePlan } from '#plan/plan'
import { planReplay } from '#plan/plan-replay'
import type { Audit, LetterReader } from '#ports'

type Watching = {
  dlqs: Dlq[]
  letters: LetterReader
  audit: Audit
  clock: Clock
  stopping: AbortSignal
  log: Log
  /** Called before each look. */
  settleLate(dlq: Dlq): Promise<void>
  everyMs?: number
}

export type LettersSeen = {
  plans: QueuePlan[]
}

const EVERY_MS = 15_000
const SHARE = 10
/** While a run is open, whose letters go fast enough without. */
const EVERY_IN_RUN_MS = 60_000

/** Starts looking; `seen` is filled after the first look. */
export function watchLetters({ dlqs, letters, audit, clock, stopping, log, settleLate, everyMs = EVERY_MS }: Watching): {
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
    const now = JSON.stringify(await Promise.all(dlqs.map((dlq) => stateOf(dlq, ledger, letters))))
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
      await wait(Math.max(everyMs, (clock.now() - began) * SHARE), stopping)
    }
  }
  const looping = loop()
  return { seen, stop: () => looping }
}

/** Whatever a plan of the queue depends on: on a quiet one, too, letters are deleted, and somebody sets how long it keeps them. */
async function stateOf(dlq: Dlq, ledger: Ledger, letters: LetterReader): Promise<unknown[]> {
  const bounds = [...(await letters.bounds(dlq))]
  const texts = bounds.map(([partition, { logStart, highWatermark }]) => `${partition}: ${logStart} to ${highWatermark}`)
  return [queueOf(ledger, dlq.name).counts, texts, (await letters.retentionMs?.(dlq)) ?? 'without limit']
}
