// Every metric of the dlq-replayer. No run and no letter is ever a label.
import type { Registry } from 'prom-client'
import { Gauge } from 'prom-client'
import type { Ledger } from './ledger.ts'
import { openRuns } from './ledger.ts'
import type { Dlq } from './letter.ts'
import { causesOf } from './plan.ts'
import type { LettersSeen } from './watch-letters.ts'

type Gauged = { name: string; help: string; labels: string[]; read(): [Record<string, string>, number][] }

/** Registers all of them; they are read when scraped. */
export function replayerMetrics(registry: Registry, dlqs: Dlq[], ledger: Ledger, seen: LettersSeen): void {
  const gauges: Gauged[] = [
    {
      name: 'replayer_open_letters',
      help: 'Letters that wait for somebody, by why they failed.',
      labels: ['dlq', 'group', 'reason'],
      read: () =>
        seen.plans.flatMap((plan) => {
          const labels = { dlq: plan.dlq.name, group: plan.dlq.group }
          const reasons = new Map<string, number>()
          for (const { reason, letters } of causesOf(plan)) reasons.set(reason, (reasons.get(reason) ?? 0) + letters)
          return [...reasons].map(([reason, n]): [Record<string, string>, number] => [{ ...labels, reason }, n])
        }),
    },
    {
      name: 'replayer_oldest_open_letter_timestamp_seconds',
      help: 'When the oldest open letter failed; absent when none is open.',
      labels: ['dlq'],
      read: () =>
        seen.plans
          .filter(({ selected }) => selected > 0)
          .map((plan) => [{ dlq: plan.dlq.name }, Math.min(...causesOf(plan).map(({ firstSeen }) => firstSeen)) / 1_000]),
    },
    {
      name: 'replayer_parked_letters',
      help: 'Letters given up on, in the parked topic.',
      labels: ['dlq'],
      read: () => [...seen.parked].map(([dlq, n]) => [{ dlq }, n]),
    },
    {
      name: 'replayer_settled_letters',
      help: 'Letters that will not come up again, by what became of them.',
      labels: ['dlq', 'outcome'],
      read: () =>
        [...ledger.queues].flatMap(([dlq, { counts }]) =>
          Object.entries(counts).map(([outcome, n]): [Record<string, string>, number] => [{ dlq, outcome }, n]),
        ),
    },
    {
      name: 'replayer_open_runs',
      help: 'Runs that have not ended; at most one per queue.',
      labels: ['dlq'],
      read: () => dlqs.map(({ name }) => [{ dlq: name }, openRuns(ledger).filter(({ dlq }) => dlq === name).length]),
    },
  ]
  for (const { name, help, labels, read } of gauges) {
    new Gauge({
      name,
      help,
      labelNames: labels,
      registers: [registry],
      collect() {
        this.reset()
        for (const [of, value] of read()) this.set(of, value)
      },
    })
  }
}
