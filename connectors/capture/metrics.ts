// Every metric of the guard; Prometheus base units. They say what its last look saw.
import { Gauge, type Registry } from 'prom-client'
import { isRunning } from '#connect/status'
import { type Look, SIGNS } from './watch-captures.ts'

export function guardMetrics(registry: Registry, looks: () => ReadonlyMap<string, Look>): void {
  /** Absent where `read` knows nothing. */
  function gauge(name: string, help: string, read: (look: Look) => number | undefined): void {
    new Gauge({
      name,
      help,
      labelNames: ['connector'],
      registers: [registry],
      collect() {
        this.reset()
        for (const [connector, look] of looks()) {
          const value = read(look)
          if (value !== undefined) this.set({ connector }, value)
        }
      },
    })
  }

  new Gauge({
    name: 'connect_guard_sign',
    help: '1 while the guard sees this wrong: make connect-status explains each and names the way back.',
    labelNames: ['connector', 'sign'],
    registers: [registry],
    collect() {
      for (const [connector, { signs }] of looks()) for (const sign of SIGNS) this.set({ connector, sign }, signs.has(sign) ? 1 : 0)
    },
  })
  gauge('connect_running', '1 while the connector and all of its tasks run.', ({ status }) => (status && isRunning(status) ? 1 : 0))
  gauge(
    'connect_behind_source_seconds',
    'Age of the last change that Connect stored as sent.',
    ({ capture }) => capture?.offset && Math.max(0, (capture.facts.nowMs - capture.offset.atMs) / 1000),
  )
  gauge('connect_last_event_age_seconds', 'Time since the newest event was accepted.', ({ capture }) =>
    capture?.facts.newestEventMs === undefined ? undefined : Math.max(0, (capture.facts.nowMs - capture.facts.newestEventMs) / 1000),
  )
  gauge('connect_slot_retained_bytes', 'WAL that the slot holds back.', ({ capture }) => capture?.facts.slot?.retainedBytes)
  gauge('connect_slot_budget_bytes', 'WAL that a slot may hold back before it is lost.', ({ capture }) => capture?.facts.slot?.budgetBytes)
}
