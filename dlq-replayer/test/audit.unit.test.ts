// How long the audit topic is waited for.
import { setTimeout as delay } from 'node:timers/promises'
import { Unavailable } from '@tally/platform/process/errors'
import type { LogConsumer, RecordLog, Subscription } from '@tally/platform/records/record-log'
import { expect } from 'chai'
import { entryJson } from '../ledger/json-entries.ts'
import { kafkaAudit } from '../ledger/kafka-audit.ts'

const STANDSTILL_MS = 300

describe('the audit topic', () => {
  /** A topic of six entries, of which as many come as are asked for, each a while after the last. */
  async function auditOf(coming: number, everyMs: number) {
    let subscription: Subscription | undefined
    const consumer: Partial<LogConsumer> = { ended: new Promise(() => {}) }
    const log: Partial<RecordLog> = {
      bounds: async () => new Map([[0, { logStart: 0n, highWatermark: 6n, lastStable: 6n }]]),
      subscribe: async (given) => {
        subscription = given
        return consumer as LogConsumer
      },
    }
    const audit = await kafkaAudit(log as RecordLog, 'audit', STANDSTILL_MS)
    const value = Buffer.from(entryJson({ kind: 'noted', run: 'r', text: '', at: 0 }))
    const sending = async () => {
      for (let offset = 0n; offset < coming; offset += 1n) {
        await delay(everyMs)
        const record = { topic: 'audit', partition: 0, offset, timestamp: 0, key: null, value, headers: {} }
        const batch = { topic: 'audit', partition: 0, records: [record], from: offset, next: offset + 1n, highWatermark: 6n }
        await subscription?.onBatch({ ...batch, heartbeat: async () => {}, owned: () => true })
      }
    }
    void sending()
    return audit
  }

  it('is read to its end however long that takes, as long as it gets further', async () => {
    const began = performance.now()
    await (await auditOf(6, 100)).refresh()
    expect(performance.now() - began).to.be.greaterThan(STANDSTILL_MS * 1.5)
  })

  it('is given up when it stands still, saying where', async () => {
    const fault = await (await auditOf(2, 20)).refresh().catch((error: unknown) => error)
    expect(fault).to.be.instanceOf(Unavailable)
    expect(String(fault)).to.include('audit stands still at 2 of 6')
  })
})
