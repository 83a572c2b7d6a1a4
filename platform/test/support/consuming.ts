// A consume loop on a log in memory, with tiny durations.

import { Registry } from 'prom-client'
import { type Consuming, consume } from '../../loop/consume.ts'
import type { Handler } from '../../loop/handler.ts'
import type { Policy } from '../../loop/policy.ts'
import { systemClock } from '../../process/clock.ts'
import { createLog } from '../../process/log.ts'
import { memoryLog } from '../../test-support/memory-log.ts'

export const TOPIC = 'readings'
export const GROUP = 'counter'
const FAST: Partial<Policy> = { firstBackoffMs: 2, maxBackoffMs: 4, unavailableDeadlineMs: 60_000, watchEveryMs: 5 }

export const textOf: Handler<string>['decode'] = ({ value }) => value?.toString() ?? ''

/** Two partitions and a dead letter queue; `close` stops every loop started. */
export function world() {
  const log = memoryLog({ clock: systemClock })
  log.createTopic(TOPIC, 2)
  log.createTopic(`${TOPIC}-${GROUP}-dlq`, 1)
  const metrics = new Registry()
  /** `ahead`: by how much it runs before the system's. */
  const clock = { ahead: 0, now: () => systemClock.now() + clock.ahead }
  const loops: Consuming[] = []
  return {
    log,
    metrics,
    clock,
    append: (texts: string[], partition = 0, headers = {}) =>
      log.append(
        TOPIC,
        texts.map((text) => ({ key: null, value: Buffer.from(text), headers, partition })),
      ),
    async start(handler: Handler<string>, policy: Partial<Policy> = {}, registry = metrics) {
      const rest = { clock, log: createLog('test', 'silent'), metrics: registry, policy: { ...FAST, ...policy } }
      const consuming = await consume({ recordLog: log, topics: [TOPIC], group: GROUP, handler, ...rest })
      loops.push(consuming)
      return consuming
    },
    async close() {
      log.faults.away = undefined
      for (const loop of loops) await loop.stop()
    },
  }
}
