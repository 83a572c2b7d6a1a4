// The audit topic: appended to, and followed from its start, so that everybody has the same ledger.
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { Unavailable } from '@tally/platform/process/errors'
import type { RecordLog } from '@tally/platform/records/record-log'
import type { Audit } from '#ports'
import { entryJson, parseEntry } from './json-entries.ts'
import { applyEntry, emptyLedger } from './ledger.ts'

/** A ledger of millions takes minutes to read: only one that stands still for so long is given up. */
const STANDSTILL_MS = 30_000

export type KafkaAudit = Audit & {
  /** Rejects when the topic cannot be followed any more. */
  ended: Promise<void>
  close(): Promise<void>
}

/** Follows the topic. @throws Unavailable */
export async function kafkaAudit(log: RecordLog, topic: string, standstillMs = STANDSTILL_MS): Promise<KafkaAudit> {
  const ledger = emptyLedger()
  const moved = new EventTarget()
  let next = 0n
  let fault: unknown
  const consumer = await log.subscribe({
    topics: [topic],
    group: `${topic}-${randomUUID()}`,
    temporary: true,
    startAt: () => next,
    async onBatch({ records, next: behind }) {
      for (const { offset, value } of records) {
        if (offset < next) continue
        applyEntry(ledger, parseEntry(String(value)))
        next = offset + 1n
      }
      if (behind > next) next = behind
      moved.dispatchEvent(new Event('moved'))
    },
  })
  consumer.ended.catch((error: unknown) => {
    fault = error
    moved.dispatchEvent(new Event('moved'))
  })

  return {
    ended: consumer.ended,
    close: () => consumer.stop(),
    latest: () => ledger,
    async append(entries) {
      await log.append(
        topic,
        entries.map((entry) => ({ key: Buffer.from(entry.run), value: Buffer.from(entryJson(entry)) })),
      )
    },
    async refresh() {
      const end = (await log.bounds(topic)).get(0)?.lastStable ?? 0n
      let [reached, deadline] = [next, AbortSignal.timeout(standstillMs)]
      while (next < end) {
        if (fault !== undefined) throw fault
        if (next > reached) [reached, deadline] = [next, AbortSignal.timeout(standstillMs)]
        const change = once(moved, 'moved', { signal: deadline })
        await change.catch(() => {
          throw new Unavailable(`${topic} stands still at ${next} of ${end} for ${standstillMs / 1000} s: is Kafka well? See make status`)
        })
      }
      return ledger
    },
  }
}
