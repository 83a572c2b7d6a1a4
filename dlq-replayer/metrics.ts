// Every metric of the dlq-replayer. No run and no letter is ever a label.
import type { Registry } from 'prom-client'
import { Gauge } from 'prom-client'
import type { Ledger } from '#ledger/ledger'
import { openRuns, queueOf } from '#ledger/ledger'
import type { Dlq } from '#letters/letter'
import { countPositions } from '#letters/positions'
import { causesOf, deletionOf } from '#plan/plan'
import type { LettersSeen } from '#worker/watch-letters'

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
      name: 'replayer_oldest_open_letter_deletion_timestamp_seconds',
      help: 'When its queue deletes the oldest open letter; absent when it keeps letters without limit.',
      labels: ['dlq'],
      read: () =>
        seen.plans.flatMap((plan): [Record<string, string>, number][] => {
          const deletion = deletionOf(plan)
          return deletion === undefined ? [] : [[{ dlq: plan.dlq.name }, deletion / 1_000]]
        }),
    },
    {
      name: 'replayer_parked_letters',
      help: 'Letters given up on, which wait for a human.',
      labels: ['dlq'],
      read: () => dlqs.map(({ name }) => [{ dlq: name }, countPositions(queueOf(ledger, name).parked)]),
    },
    {
      name: 'replayer_unknown_letters',
      help: 'Open letters that were replayed, and nobody knows yet what became of them.',
      labels: ['dlq'],
      read: () => dlqs.map(({ name }) => [{ dlq: name }, queueOf(ledger, name).unknown.size]),
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
    {
      name: 'replayer_held_runs',
      help: 'Open runs that send nothing for now: paused by somebody, or the brake waits for their group.',
      labels: ['dlq', 'why'],
      read: () =>
        openRuns(ledger).flatMap(({ dlq, state, note }): [Record<string, string>, number][] => [
          ...(state === 'paused' ? [[{ dlq, why: 'paused' }, 1] as [Record<string, string>, number]] : []),
          ...(note !== '' ? [[{ dlq, why: 'lag' }, 1] as [Record<string, string>, number]] : []),
        ]),
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
