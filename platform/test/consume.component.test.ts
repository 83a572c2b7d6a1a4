import { expect } from 'chai'
import { Registry } from 'prom-client'
import { until } from '../../test/support/until.ts'
import { type Consuming, consume } from '../loop/consume.ts'
import type { Handler } from '../loop/handler.ts'
import type { Policy } from '../loop/policy.ts'
import { systemClock } from '../process/clock.ts'
import { InvalidMessage, OutOfPosition } from '../process/errors.ts'
import { createLog } from '../process/log.ts'
import { readDeadLetter } from '../records/dead-letter.ts'
import { readRanges } from '../records/read-ranges.ts'
import type { RecordBatch, RecordLog } from '../records/record-log.ts'
import { testKafka } from './support/kafka.ts'

const PARTITIONS = 4

describe('consume on Kafka', () => {
  const kafka = testKafka('consume')
  const { recordLog } = kafka
  const loops: Consuming[] = []
  let topic = ''
  let group = ''

  before(() => kafka.connect())
  beforeEach(async () => {
    topic = await kafka.newTopic(PARTITIONS)
    group = kafka.uniqueName()
    await kafka.createTopic(`${topic}-${group}-dlq`, 1, [{ name: 'max.message.bytes', value: '2097152' }])
  })
  afterEach(async () => {
    for (const loop of loops.splice(0)) await loop.stop()
  })
  after(() => kafka.close())

  async function start(handler: Handler<string>, policy: Partial<Policy> = {}, from: RecordLog = recordLog) {
    const rest = { clock: systemClock, log: createLog('test', 'silent'), metrics: new Registry() }
    const patience = { firstBackoffMs: 20, maxBackoffMs: 100, unavailableDeadlineMs: 60_000, watchEveryMs: 200, ...policy }
    const loop = await consume({ recordLog: from, topics: [topic], group, handler, policy: patience, ...rest })
    loops.push(loop)
    return loop
  }
  const append = (texts: string[], partition = 0) =>
    recordLog.append(
      topic,
      texts.map((text) => ({ key: null, value: Buffer.from(text), partition })),
    )
  const textOf: Handler<string>['decode'] = ({ value }) => {
    if (value?.[0] === 0xff) throw new InvalidMessage('undecodable', 'starts with 0xff')
    return String(value)
  }

  it('goes on behind what it committed after a restart', async () => {
    const seen: string[] = []
    const handler: Handler<string> = {
      decode: textOf,
      async handle({ messages }) {
        seen.push(...messages.map(({ value }) => value))
      },
    }
    await append(['a', 'b'])
    const first = await start(handler)
    await until(() => seen.length === 2, { what: 'two are handled' })
    await first.stop()
    await append(['c'])
    await start(handler)
    await until(() => seen.length === 3, { what: 'the third is handled' })
    expect(seen).to.deep.equal(['a', 'b', 'c'])
  })

  it('keeps a letter of the largest record that the topic takes, although the letter is larger', async () => {
    const error = new InvalidMessage('undecodable', 'x'.repeat(5_000))
    error.stack = 'y'.repeat(5_000)
    const value = Buffer.alloc(1_048_588 - 100, 1)
    await recordLog.append(topic, [{ key: null, value, partition: 0 }])
    await start({ decode: () => Promise.reject(error), handle: async () => {} })
    const dlq = `${topic}-${group}-dlq`
    await until(async () => (await recordLog.bounds(dlq)).get(0)?.highWatermark === 1n, { what: 'the letter is there' })
    for await (const record of readRanges(recordLog, dlq, [{ partition: 0, from: 0n, next: 1n }])) {
      expect(record.value?.equals(value)).to.equal(true)
      expect(readDeadLetter(record)).to.include({ topic, reason: 'undecodable' })
    }
  })

  it('applies every record exactly once through rebalances, by positions stored with the effect', async () => {
    const stored = new Map<number, bigint>()
    const applied: string[] = []
    let gate: Promise<void> | undefined
    let appended = 0
    const inHand = new Set<RecordBatch>()
    /** Partitions of which the first member handles something and does not end. */
    const heldAt = new Set<number>()
    async function hold(partition: number): Promise<void> {
      if (gate === undefined) return
      heldAt.add(partition)
      await gate
      heldAt.delete(partition)
    }
    /** One store, as members of one group share a database. */
    const handler = (before: (partition: number) => Promise<void>): Handler<string> => ({
      decode: textOf,
      startAt: (_, partition) => stored.get(partition),
      async handle({ partition, from, next, messages }) {
        await before(partition)
        const position = stored.get(partition) ?? 0n
        if (from !== position) throw new OutOfPosition(position)
        stored.set(partition, next)
        applied.push(...messages.map(({ value }) => value))
      },
    })
    const observed: RecordLog = {
      ...recordLog,
      subscribe: (subscription) =>
        recordLog.subscribe({
          ...subscription,
          onBatch(batch) {
            inHand.add(batch)
            return subscription.onBatch(batch).finally(() => inHand.delete(batch))
          },
        }),
    }
    const produce = async (chunks: number) => {
      for (let chunk = 0; chunk < chunks; chunk += 1) {
        await append(
          Array.from({ length: 20 }, () => String(appended++)),
          chunk % PARTITIONS,
        )
      }
    }
    /** The first member's work is revoked while it is in hand, then let go on. */
    async function revoking(change: () => Promise<unknown>): Promise<void> {
      const { promise, resolve } = Promise.withResolvers<void>()
      gate = promise
      try {
        await produce(PARTITIONS)
        const isHeld = (batch: RecordBatch) => batch.owned() && heldAt.has(batch.partition)
        const held = await until(() => [...inHand].find(isHeld), { what: 'the first member has work in hand' })
        const changing = change()
        await until(() => !held.owned(), { what: 'it is revoked' })
        const producing = produce(20)
        resolve()
        gate = undefined
        await Promise.all([changing, producing])
      } finally {
        resolve()
      }
    }

    await start(handler(hold), {}, observed)
    let second: Consuming | undefined
    const free = () => handler(async () => {})
    await revoking(async () => {
      second = await start(free())
    })
    await revoking(() => start(free()))
    await revoking(async () => second?.stop())
    await until(() => applied.length >= appended, { what: 'all are applied', timeoutMs: 60_000 })
    expect(applied.map(Number).sort((a, b) => a - b)).to.deep.equal(Array.from({ length: appended }, (_, n) => n))
  })
})
