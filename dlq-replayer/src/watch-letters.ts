// Keeps the plan of all open letters fresh, for metrics and alerts; a look never takes more than a tenth of the time.
import type { Clock } from '@tally/platform/clock'
import { wait } from '@tally/platform/clock'
import type { Log } from '@tally/platform/log'
import type { Bounds } from '@tally/platform/record-log'
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
  bounds(topic: string): Promise<Map<number, Bounds>>
  clock: Clock
  stopping: AbortSignal
  log: Log
  /** Called before each look. */
  settleLate(dlq: Dlq): Promise<void>
}

export type LettersSeen = {
  plans: QueuePlan[]
  /** Records in the parked topics, by dead letter queue. */
  parked: Map<string, number>
}

const EVERY_MS = 15_000
const SHARE = 10

/** Starts looking; `seen` is filled after the first look. */
export function watchLetters({ dlqs, letters, audit, bounds, clock, stopping, log, settleLate }: Watching): {
  seen: LettersSeen
  stop(): Promise<void>
} {
  const seen: LettersSeen = { plans: [], parked: new Map() }
  let mark = ''

  async function look(): Promise<void> {
    for (const dlq of dlqs) await settleLate(dlq)
    const ledger = await audit.refresh()
    const counts = [...ledger.queues.values()].map((queue) => queue.counts)
    const ends = await Promise.all(dlqs.map(async (dlq) => [...endsOf(await letters.bounds(dlq))].map(([, end]) => String(end))))
    const now = JSON.stringify([counts, ends])
    for (const { name, parked } of dlqs) {
      const kept = [...(await bounds(parked)).values()].map(({ logStart, highWatermark }) => Number(highWatermark - logStart))
      seen.parked.set(
        name,
        kept.reduce((sum, n) => sum + n, 0),
      )
    }
    if (now === mark) return
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
