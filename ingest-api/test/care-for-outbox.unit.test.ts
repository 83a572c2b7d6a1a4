import { createLog } from '@tally/platform/process/log'
import { expect } from 'chai'
import { Registry } from 'prom-client'
import { until } from '../../test/support/until.ts'
import { ingestMetrics } from '../metrics.ts'
import type { OutboxPartitions } from '../outbox/maintain-outbox.ts'
import { careForOutbox } from '../outbox/maintain-outbox.ts'

const log = createLog('care-test', 'silent')

describe('the care of the outbox', () => {
  it('makes days ahead and drops old ones again and again, tells what is kept, and goes on after a failure', async () => {
    const registry = new Registry()
    const metrics = ingestMetrics(registry, {
      queuedOrders: () => 0,
      waitingForConnection: () => 0,
      node: () => undefined,
      slot: () => undefined,
      shedding: () => undefined,
      circuit: { isOpen: () => false, opened: () => 0 },
      sharedLimits: undefined,
    })
    let away = false
    const asked: string[] = []
    const partitions: OutboxPartitions = {
      async ensure(daysAhead) {
        if (away) throw new Error('away')
        asked.push(`ensure ${daysAhead}`)
        return 2
      },
      async drop(days, slot) {
        asked.push(`drop ${days} ${slot}`)
        return 1
      },
      kept: async () => ({ partitions: 5, bytes: 10, oldestAgeSeconds: 20, aheadSeconds: 30 }),
    }
    const care = careForOutbox(partitions, { retentionDays: 8, slot: 'the_slot', log, metrics, everyMs: 1 })
    const value = async (name: string) => Number(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, 'm').exec(await registry.metrics())?.[1])
    try {
      await until(async () => (await value('ingest_outbox_retention_seconds')) === 8 * 86_400, { what: 'it has looked', everyMs: 1 })
      expect(asked.slice(0, 2)).to.deep.equal(['ensure 3', 'drop 8 the_slot'])
      expect([await value('ingest_outbox_kept_partitions'), await value('ingest_outbox_ahead_seconds')]).to.deep.equal([5, 30])
      away = true
      await until(async () => (await value('ingest_outbox_care_failures_total')) > 1, { what: 'it fails more than once', everyMs: 1 })
      const before = asked.length
      away = false
      await until(() => asked.length > before, { what: 'it goes on', everyMs: 1 })
    } finally {
      await care.stop()
    }
    const after = asked.length
    await new Promise((resolve) => setImmediate(resolve))
    expect(asked.length).to.equal(after)
  })
})
