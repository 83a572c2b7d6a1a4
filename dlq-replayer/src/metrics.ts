// Every metric of the dlq-replayer. No run and no letter is ever a label.
import type { Registry } from 'prom-client'
import { Gauge } from 'prom-client'
import type { Ledger } from './ledger.ts'
import { openRuns } from './ledger.ts'

/** Registers all of them; they are read from the ledger when scraped. */
export function replayerMetrics(registry: Registry, dlqs: string[], ledger: Ledger): void {
  const registers = [registry]
  new Gauge({
    name: 'replayer_settled_letters',
    help: 'Letters that will not come up again, by what became of them.',
    labelNames: ['dlq', 'outcome'] as const,
    registers,
    collect() {
      for (const [dlq, { counts }] of ledger.queues) {
        for (const [outcome, count] of Object.entries(counts)) this.set({ dlq, outcome }, count)
      }
    },
  })
  new Gauge({
    name: 'replayer_open_runs',
    help: 'Runs that have not ended; at most one per queue.',
    labelNames: ['dlq', 'state'] as const,
    registers,
    collect() {
      this.reset()
      for (const dlq of dlqs) this.set({ dlq, state: 'running' }, 0)
      for (const { dlq, state } of openRuns(ledger)) this.inc({ dlq, state })
    },
  })
}
