// Holds a run while what it needs is away: its cut is tried again later and later, and the run says what it waits for.
import { backoffMs } from '@tally/platform/process/backoff'
import type { Clock } from '@tally/platform/process/clock'
import { messageOf } from '@tally/platform/process/errors'
import type { Audit } from '#ports'

const BACKOFF = { firstMs: 500, maxMs: 30_000 }

export type FaultBrake = {
  /** Works one cut of the run. @throws what `work` throws, and holds the run for a while */
  around(run: string, work: () => Promise<void>): Promise<void>
  /** Whether a cut of the run is in hand, or waits to be tried again. */
  isHeld(run: string): boolean
}

/** What KafkaJS says of a broker names neither. */
const isOfKafka = (error: unknown): boolean => error instanceof Error && error.name.startsWith('KafkaJS')

export function faultBrake({ audit, clock }: { audit: Audit; clock: Clock }): FaultBrake {
  const inHand = new Set<string>()
  const faults = new Map<string, { count: number; until: number }>()

  async function hold(run: string, error: unknown): Promise<void> {
    const count = (faults.get(run)?.count ?? 0) + 1
    faults.set(run, { count, until: clock.now() + backoffMs(count, BACKOFF) })
    const text = `waits${isOfKafka(error) ? ' for Kafka' : ''}: ${messageOf(error)}`
    // The broker may be what is away: then make status tells it.
    await audit.append([{ kind: 'noted', run, text, at: clock.now() }]).catch(() => {})
  }

  return {
    async around(run, work) {
      inHand.add(run)
      try {
        await work()
        faults.delete(run)
      } catch (error) {
        await hold(run, error)
        throw error
      } finally {
        inHand.delete(run)
      }
    },
    isHeld: (run) => inHand.has(run) || clock.now() < (faults.get(run)?.until ?? 0),
  }
}
