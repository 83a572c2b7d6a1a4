import { expect } from 'chai'
import { Registry } from 'prom-client'
import { stack } from '../../test/support/stack.ts'
import { until } from '../../test/support/until.ts'
import { kafkaLog } from '../kafka/log.ts'
import { type Consuming, consume } from '../loop/consume.ts'
import type { Handler } from '../loop/handler.ts'
import { systemClock } from '../process/clock.ts'
import { OutOfPosition } from '../process/errors.ts'
import { createLog } from '../process/log.ts'
import type { RecordLog } from '../records/record-log.ts'
import { cuttableNetwork } from './support/cuttable-network.ts'
import { testKafka } from './support/kafka.ts'

/** The shortest that the broker allows. */
const SESSION_MS = 6_000
const PARTITIONS = 2

describe('consuming from Kafka through outages', () => {
  const kafka = testKafka('outages')
  const log = createLog('test', 'silent')
  const closers: (() => Promise<unknown>)[] = []
  let topic = ''
  let group = ''
  let stored = new Map<number, bigint>()
  let applied: string[] = []

  before(() => kafka.connect())
  beforeEach(async () => {
    topic = await kafka.newTopic(PARTITIONS)
    group = kafka.uniqueName()
    await kafka.createTopic(`${topic}-${group}-dlq`)
    stored = new Map()
    applied = []
  })
  afterEach(async () => {
    for (const close of closers.splice(0).reverse()) await close()
  })
  after(() => kafka.close())

  const append = (texts: string[]) =>
    kafka.recordLog.append(
      topic,
      texts.map((text, n) => ({ key: null, value: Buffer.from(text), partition: n % PARTITIONS })),
    )
  const texts = (from: number, to: number) => Array.from({ length: to - from }, (_, n) => `r${from + n}`)

  /** A member with a network of its own; all members share one store, where positions stand with the effect. */
  async function member(before: () => Promise<unknown> = async () => {}) {
    const network = cuttableNetwork()
    const recordLog: RecordLog = kafkaLog({
      ...{ brokers: [stack.kafka], clientId: 'member', log, sessionMs: SESSION_MS, socketFactory: network.socketFactory },
    })
    closers.push(recordLog.close)
    const handler: Handler<string> = {
      decode: ({ value }) => String(value),
      startAt: (_, partition) => stored.get(partition),
      async handle({ partition, from, next, messages }) {
        await before()
        const position = stored.get(partition) ?? 0n
        if (from !== position) throw new OutOfPosition(position)
        stored.set(partition, next)
        applied.push(...messages.map(({ value }) => value))
      },
    }
    const rest = { clock: systemClock, log, metrics: new Registry(), policy: { watchEveryMs: 200, firstBackoffMs: 50, maxBackoffMs: 200 } }
    const loop: Consuming = await consume({ recordLog, topics: [topic], group, handler, ...rest })
    closers.push(() => loop.stop())
    return { loop, network }
  }
  const allApplied = (count: number) => until(() => applied.length >= count, { what: `${count} are applied`, timeoutMs: 40_000 })

  it('is not ready while the broker is lost, and goes on where it stood, each record once', async () => {
    await append(texts(0, 20))
    const { loop, network } = await member()
    await allApplied(20)
    network.cut()
    await append(texts(20, 40))
    expect(await until(loop.ready, { what: 'readiness is false' })).to.be.a('string')
    expect(loop.live()).to.equal(undefined)
    network.heal()
    await allApplied(40)
    await until(() => loop.ready() === undefined, { what: 'it is ready again' })
    expect(applied.sort()).to.deep.equal(texts(0, 40).sort())
  })

  it('leaves its partitions to another member when its session ends, and applies nothing of them after that', async () => {
    const entered = Promise.withResolvers<void>()
    const release = Promise.withResolvers<void>()
    await append(texts(0, 20))
    const frozen = await member(async () => {
      entered.resolve()
      await release.promise
    })
    await entered.promise
    frozen.network.silence()
    await member()
    await allApplied(20)
    // What the first one had in hand is not its business any more.
    release.resolve()
    frozen.network.heal()
    await append(texts(20, 40))
    await allApplied(40)
    expect(applied.sort()).to.deep.equal(texts(0, 40).sort())
  })

  it('keeps its membership through a batch that takes longer than the session', async () => {
    let calls = 0
    await append(['r0'])
    await member(async () => {
      calls += 1
      const began = Date.now()
      await until(() => Date.now() - began > SESSION_MS + 1_000, { what: 'the session is over', everyMs: 500 })
    })
    await allApplied(1)
    expect(calls).to.equal(1)
  })
})
