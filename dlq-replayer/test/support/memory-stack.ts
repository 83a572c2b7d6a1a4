// The worker and a consumer group with its default limits, both real, on a log in memory.

import { type Consuming, consume } from '@tally/platform/loop/consume'
import { systemClock } from '@tally/platform/process/clock'
import { InvalidMessage } from '@tally/platform/process/errors'
import { createLog } from '@tally/platform/process/log'
import { deadLetterOf } from '@tally/platform/records/dead-letter'
import type { LogRecord } from '@tally/platform/records/record-log'
import { memoryLog } from '@tally/platform/test-support/memory-log'
import { Registry } from 'prom-client'
import { until } from '../../../test/support/until.ts'
import { kafkaLetters, kafkaReplays } from '../../adapters/kafka-letters.ts'
import { startRun } from '../../command/start-run.ts'
import { kafkaAudit } from '../../ledger/kafka-audit.ts'
import type { Run } from '../../ledger/ledger.ts'
import { planReplay } from '../../plan/plan-replay.ts'
import type { Cut } from '../../worker/drive-runs.ts'
import { workRuns } from '../../worker/work-runs.ts'
import { DLQ } from './letters.ts'
import { REQUEST } from './runs.ts'

const PARTITIONS = 3
const AUDIT = 'dlq-replayer-audit'
const log = createLog('test', 'silent')

export type Stack = Awaited<ReturnType<typeof memoryStack>>

/** Values that begin with `broken` cannot be read by the group; each stands for a cause of its own. */
export async function memoryStack({ maxLag = 5_000n } = {}) {
  const kafka = memoryLog({ clock: systemClock })
  kafka.createTopic(DLQ.topic, PARTITIONS)
  for (const topic of [DLQ.name, DLQ.parked, AUDIT]) kafka.createTopic(topic, 1)
  const counted = new Map<string, { partition: number; offset: bigint }>()
  /** The group keeps its positions with its counts, as the aggregator does. */
  const positions = new Map<number, bigint>()
  const stopping = new AbortController()
  const stops: string[] = []
  let consuming: Consuming | undefined

  const handler = {
    startAt: (_: string, partition: number) => positions.get(partition),
    decode({ value }: LogRecord): string {
      const text = String(value)
      if (text.startsWith('broken')) throw new InvalidMessage(text, `"${text}" cannot be read`)
      return text
    },
    async handle({ messages, partition, next }: { messages: { record: LogRecord }[]; partition: number; next: bigint }) {
      for (const { record } of messages) {
        const eventId = String(record.headers.id)
        if (!counted.has(eventId)) counted.set(eventId, { partition, offset: record.offset })
      }
      positions.set(partition, next)
    },
  }

  /** Whoever supervises the group starts it again each time that it ends. */
  async function supervise(): Promise<void> {
    while (!stopping.signal.aborted) {
      const options = { recordLog: kafka, topics: [DLQ.topic], group: DLQ.group, clock: systemClock, log, metrics: new Registry() }
      consuming = await consume<string>({ ...options, handler })
      await consuming.ended.catch((error: Error) => stops.push(error.message))
      await consuming.stop()
    }
  }
  const supervised = supervise()

  const audit = await kafkaAudit(kafka, AUDIT)
  const letters = kafkaLetters(kafka, async () => undefined)
  const inHand = new Set<string>()
  const runs = await workRuns({
    ...{ dlqs: [DLQ], letters, audit, clock: systemClock, stopping: stopping.signal, log },
    replays: kafkaReplays(kafka, async () => false),
    outcomes: {
      members: async () => (consuming === undefined ? 0 : 1),
      async committed() {
        const offsets = Array.from({ length: PARTITIONS }, (_, partition) => [partition, kafka.committed(DLQ.group, DLQ.topic, partition)])
        return new Map(offsets.filter((each): each is [number, bigint] => each[1] !== undefined))
      },
      countedOf: async (_, ranges) =>
        [...counted.values()]
          .filter(({ partition, offset }) => ranges.some((of) => of.partition === partition && of.from <= offset && offset < of.next))
          .map(({ partition, offset }) => ({ partition, from: offset, next: offset + 1n })),
      async countedAt(_, eventIds) {
        return new Map(eventIds.flatMap((id) => (counted.has(id) ? [[id, counted.get(id) as { partition: number; offset: bigint }]] : [])))
      },
    },
    ...{ maxReplays: 3, verifyTimeoutMs: 5_000, maxLag },
    async openQueue(_, work) {
      const add = async (cut: Cut) => {
        const name = `${cut.run}-${cut.cut}`
        if (inHand.has(name)) return
        inHand.add(name)
        void work(cut)
          .catch(() => {})
          .finally(() => inHand.delete(name))
      }
      return { add, close: async () => {} }
    },
  })

  return {
    kafka,
    counted,
    /** What each stop of the group said. */
    stops,
    /** Puts dead letters into the queue, one for each value. */
    deadLetters: (values: string[]) =>
      kafka.append(
        DLQ.name,
        values.map((text, n) => {
          const headers = { id: Buffer.from(String(1_000_000 + n)) }
          const at = { topic: DLQ.topic, partition: 0, offset: BigInt(n), timestamp: 0 }
          const failure = {
            reason: text,
            error: new InvalidMessage(text, text),
            attempts: 1,
            group: DLQ.group,
            failedAt: systemClock.now(),
          }
          return deadLetterOf({ ...at, key: Buffer.from(`k${n}`), value: Buffer.from(text), headers }, failure)
        }),
      ),
    /** Places a live order and waits until it is counted. */
    async liveOrder(eventId: string): Promise<void> {
      await kafka.append(DLQ.topic, [{ key: Buffer.from(eventId), value: Buffer.from('live'), headers: { id: Buffer.from(eventId) } }])
      await until(() => counted.has(eventId), { what: `live order ${eventId} is counted`, timeoutMs: 2_000, everyMs: 5 })
    },
    /** Starts a run over all that is open. */
    async replay(request = {}): Promise<string> {
      const { plans } = await planReplay([DLQ], {}, { letters, ledger: await audit.refresh(), decode: async () => undefined })
      const [plan] = plans
      if (plan === undefined) throw new Error('no plan')
      return (await startRun(plan, { ...REQUEST, ...request }, audit, systemClock)).id
    },
    async run(id: string): Promise<Run> {
      const run = (await audit.refresh()).runs.get(id)
      if (run === undefined) throw new Error(`no run ${id}`)
      return run
    },
    async close(): Promise<void> {
      stopping.abort()
      await consuming?.stop()
      await supervised
      await runs.stop()
      await audit.close()
    },
  }
}
