import { systemClock } from '@tally/platform/clock'
import { type Consuming, consume, type Handler } from '@tally/platform/consume'
import { readDeadLetter } from '@tally/platform/dead-letter'
import { InvalidMessage, OutOfPosition, StopProcess, Unavailable } from '@tally/platform/errors'
import { createLog } from '@tally/platform/log'
import type { Policy } from '@tally/platform/policy'
import { readRanges } from '@tally/platform/read-ranges'
import { expect } from 'chai'
import { Registry } from 'prom-client'
import { until } from '../../test/support/until.ts'
import { testKafka } from './support/kafka.ts'

const PARTITIONS = 4

describe('consume on Kafka', () => {
  const kafka = testKafka('consume')
  const { recordLog, admin } = kafka
  const loops: Consuming[] = []
  let topic = ''
  let group = ''

  before(() => kafka.connect())
  beforeEach(async () => {
    topic = await kafka.newTopic(PARTITIONS)
    group = kafka.uniqueName()
    await kafka.createTopic(`${topic}-${group}-dlq`)
  })
  afterEach(async () => {
    for (const loop of loops.splice(0)) await loop.stop()
  })
  after(() => kafka.close())

  async function start(handler: Handler<string>, policy: Partial<Policy> = {}) {
    const rest = { clock: systemClock, log: createLog('test', 'silent'), metrics: new Registry() }
    const patience = { firstBackoffMs: 20, maxBackoffMs: 100, unavailableDeadlineMs: 60_000, watchEveryMs: 200, ...policy }
    const loop = await consume({ recordLog, topics: [topic], group, handler, policy: patience, ...rest })
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
  const committed = async (partition = 0) => {
    const [answer] = await admin.fetchOffsets({ groupId: group, topics: [topic] })
    return Number(answer?.partitions.find((one) => one.partition === partition)?.offset)
  }

  it('keeps a dead letter byte for byte, and commits behind it', async () => {
    const value = Buffer.from([0xff, 0, 1, 0xfe])
    const headers = { id: Buffer.from('7'), raw: Buffer.from([0, 255]), twice: Buffer.from('b') }
    const repeatedHeaders = { twice: [Buffer.from('a'), Buffer.from('b')] }
    await recordLog.append(topic, [{ key: Buffer.from([1, 2]), value, headers, repeatedHeaders, partition: 0 }])
    await start({ decode: textOf, handle: async () => {} })
    await until(async () => (await committed()) === 1, { what: 'the position behind the letter is committed' })
    const letters = []
    for await (const record of readRanges(recordLog, `${topic}-${group}-dlq`, [{ partition: 0, from: 0n, next: 10n }])) letters.push(record)
    expect(letters).to.have.length(1)
    const letter = letters[0] && readDeadLetter(letters[0])
    expect(letter).to.deep.include({ key: Buffer.from([1, 2]), value, headers, topic, partition: 0, offset: 0n, reason: 'undecodable' })
    expect(letters[0]?.repeatedHeaders).to.deep.equal(repeatedHeaders)
  })

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

  it('applies every record exactly once through rebalances, by positions stored with the effect', async () => {
    const total = 2_000
    const stored = new Map<number, bigint>()
    const applied: string[] = []
    /** One store, as members of one group share a database. */
    const handler = (): Handler<string> => ({
      decode: textOf,
      startAt: (_, partition) => stored.get(partition),
      async handle({ partition, from, next, messages }) {
        await new Promise((resolve) => setTimeout(resolve, 5))
        const position = stored.get(partition) ?? 0n
        if (from !== position) throw new OutOfPosition(position)
        stored.set(partition, next)
        applied.push(...messages.map(({ value }) => value))
      },
    })
    const producing = (async () => {
      for (let n = 0; n < total; n += 20) {
        const texts = Array.from({ length: 20 }, (_, k) => String(n + k))
        await append(texts, (n / 20) % PARTITIONS)
      }
    })()
    await start(handler())
    const second = await start(handler())
    await start(handler())
    await second.stop()
    await producing
    await until(() => applied.length >= total, { what: 'all are applied', timeoutMs: 60_000 })
    expect(new Set(applied).size).to.equal(total)
    expect(applied).to.have.length(total)
  }).timeout(90_000)

  it('is put off by what is unavailable without losing its membership or a record', async () => {
    let away = true
    const seen: string[] = []
    await append(['a', 'b', 'c'])
    const { ready } = await start({
      decode: textOf,
      async handle({ messages }) {
        if (away) throw new Unavailable('the database is away')
        seen.push(...messages.map(({ value }) => value))
      },
    })
    expect(await until(ready, { what: 'readiness is false' })).to.contain('the database is away')
    expect(Number.isNaN(await committed()) || (await committed()) === -1).to.equal(true)
    away = false
    await until(async () => (await committed()) === 3, { what: 'all are committed' })
    expect(seen).to.deep.equal(['a', 'b', 'c'])
    expect(ready()).to.equal(undefined)
  })

  it('keeps its membership through a batch that takes longer than the session', async () => {
    const SESSION_MS = 10_000
    let calls = 0
    await append(['a'])
    await start({
      decode: textOf,
      async handle() {
        calls += 1
        const began = Date.now()
        await until(() => Date.now() - began > SESSION_MS + 1_500, { what: 'the session is over', everyMs: 500 })
      },
    })
    await until(async () => (await committed()) === 1, { what: 'it is committed' })
    expect(calls).to.equal(1)
  }).timeout(60_000)

  it('stops when records are deleted before they were read, instead of starting over elsewhere', async () => {
    let away = true
    await append(['a', 'b', 'c', 'd'])
    const { ended, ready } = await start({
      decode: textOf,
      async handle() {
        if (away) throw new Unavailable('away')
      },
    })
    await until(ready, { what: 'it waits' })
    // KafkaJS deletes only from topics it has looked at.
    await admin.fetchTopicOffsets(topic)
    await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: '2' }] })
    away = false
    const fault = await ended.catch((error) => error)
    expect(fault).to.be.instanceOf(StopProcess).with.property('exitCode', 65)
  })

  it('refuses a stored position beyond the end of the log', async () => {
    await append(['a'])
    const starting = start({ decode: textOf, startAt: () => 7n, handle: async () => {} })
    expect(await starting.catch((error) => error))
      .to.be.instanceOf(StopProcess)
      .with.property('exitCode', 65)
  })
})
