// A small real consumer group: counts each event id once, fails on what is broken, and answers like the aggregator.
import { json } from 'node:stream/consumers'
import { listen } from '@tally/platform/http/server'
import { kafkaLog } from '@tally/platform/kafka/log'
import { consume } from '@tally/platform/loop/consume'
import { systemClock } from '@tally/platform/process/clock'
import { InvalidMessage } from '@tally/platform/process/errors'
import { createLog } from '@tally/platform/process/log'
import { deadLetterOf, deadLetterTopic } from '@tally/platform/records/dead-letter'
import type { LogRecord } from '@tally/platform/records/record-log'
import { Registry } from 'prom-client'
import { stack } from '../../../test/support/stack.ts'

type Question = { eventIds?: string[]; ranges?: { partition: number; from: number; next: number }[] }

export type Group = Awaited<ReturnType<typeof countingGroup>>

/** `broken` holds the texts that the group cannot read now; take one out and it is mended. */
export async function countingGroup(topic: string, group: string) {
  const broken = new Map<string, string>()
  const counted = new Map<string, { partition: number; offset: bigint }>()
  let handled = 0
  let held: { at: number; released: Promise<void> } | undefined
  const log = createLog('test', 'silent')
  const recordLog = kafkaLog({ brokers: [stack.kafka], clientId: 'test-group', log })

  function decode({ value }: LogRecord): string {
    const text = String(value)
    const reason = broken.get(text)
    if (reason !== undefined) throw new InvalidMessage(reason, `"${text}" cannot be read`)
    return text
  }

  const consuming = await consume<string>({
    recordLog,
    topics: [topic],
    group,
    clock: systemClock,
    log,
    metrics: new Registry(),
    handler: {
      decode,
      async handle({ messages }) {
        for (const { record } of messages) {
          if (held && handled >= held.at) await held.released
          handled += 1
          const eventId = String(record.headers.id)
          if (!counted.has(eventId)) counted.set(eventId, { partition: record.partition, offset: record.offset })
        }
      },
    },
  })
  const answers: Record<string, (question: Question) => object> = {
    '/v1/events/lookup': ({ eventIds = [] }) => ({
      events: eventIds.map((eventId) => {
        const at = counted.get(eventId)
        if (at === undefined) return { eventId, counted: false }
        return { eventId, counted: true, topic, partition: at.partition, offset: String(at.offset) }
      }),
    }),
    '/v1/records/lookup': ({ ranges = [] }) => ({
      topic,
      counted: ranges.flatMap(({ partition, from, next }) =>
        [...counted.values()]
          .filter((at) => at.partition === partition && at.offset >= from && at.offset < next)
          .map(({ offset }) => ({ partition, from: String(offset), next: String(offset + 1n) })),
      ),
    }),
  }
  const http = await listen(
    async (req, res) => {
      const answer = answers[req.url ?? '']?.((await json(req)) as Question)
      res.writeHead(answer ? 200 : 404, { 'Content-Type': 'application/json' }).end(JSON.stringify({ asOf: null, ...answer }))
    },
    { host: '127.0.0.1', port: 0 },
  )
  return {
    broken,
    counted,
    /** Records the handler got, repetitions included. */
    handled: () => handled,
    /** Puts so many dead letters into the group's queue, of so many keys; the group can read them now. More than its limit lets fail at once. */
    async deadLetters(count: number, keys = count): Promise<void> {
      const letters = Array.from({ length: count }, (_, i) => {
        const at = { topic, partition: 0, offset: BigInt(i), timestamp: 0 }
        const record = { ...at, key: Buffer.from(`order-${i % keys}`), value: Buffer.from('new schema') }
        const error = new InvalidMessage('unknown-schema', '"new schema" cannot be read')
        const failure = { reason: error.reason, error, attempts: 1, group, failedAt: systemClock.now() }
        return deadLetterOf({ ...record, headers: { id: Buffer.from(String(1_000 + i)) } }, failure)
      })
      await recordLog.append(deadLetterTopic(topic, group), letters)
    },
    /** Handles so many records and no more, so that no run gets to its end, until what it returns is called. */
    holdAt(at: number): () => void {
      const { promise: released, resolve } = Promise.withResolvers<void>()
      held = { at, released }
      return () => {
        held = undefined
        resolve()
      }
    },
    url: `http://127.0.0.1:${http.port}`,
    recordLog,
    async close() {
      await consuming.stop()
      await http.close()
      await recordLog.close()
    },
  }
}
