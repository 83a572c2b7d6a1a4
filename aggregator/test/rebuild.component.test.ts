// Counting again from Kafka, into a file beside the counts: what was wrong is right afterwards, and nobody has to wait.
import { existsSync } from 'node:fs'
import type { DuckDbFile } from '@tally/platform/duckdb/file'
import { StopProcess } from '@tally/platform/process/errors'
import { tsidMint } from '@tally/platform/process/ids'
import type { LogRecord } from '@tally/platform/records/record-log'
import { expect } from 'chai'
import { testKafka } from '../../platform/test/support/kafka.ts'
import { until } from '../../test/support/until.ts'
import type { OrderEvent } from '../count/order-event.ts'
import { DAY_MS, type Opened, openCounting, scratch } from './support/counting.ts'
import { event, line, NOW, slice } from './support/orders.ts'
import { counted, encode, recounting, renamed } from './support/recounting.ts'

const HOUR_MS = 3_600_000
const PARTITIONS = 2

/** The record with some of its fields changed. */
const copyOf = (record: LogRecord, changed: Partial<LogRecord>): LogRecord => {
  const { topic, partition, offset, timestamp, key, value, headers } = record
  return { topic, partition, offset, timestamp, key, value, headers, ...changed }
}

describe('a rebuild', () => {
  const kafka = testKafka('rebuild')
  let files: ReturnType<typeof scratch>
  let opened: Opened
  let topic: string
  let consuming: Awaited<ReturnType<typeof counted>>
  let sent: OrderEvent[]
  const recordLog = () => renamed(kafka.recordLog, topic)
  const ends = async () => [...(await kafka.recordLog.bounds(topic))]
  const caughtUp = () =>
    until(async () => (await ends()).every(([partition, { highWatermark }]) => opened.counting.startAt('', partition) >= highWatermark), {
      what: 'everything is counted',
    })
  /** An order of so many hours ago. */
  const orderAt = (hours: number, category: string) => {
    const at = NOW - hours * HOUR_MS
    const eventId = tsidMint(sent.length % 1_000, { now: () => at + Math.floor(sent.length / 1_000) })()
    return event(eventId, { placedAt: BigInt(at) * 1000n, lines: [line(category, 1 + (sent.length % 5), 100n)] })
  }
  const send = async (...events: OrderEvent[]) => {
    for (let at = 0; at < events.length; at += 500)
      await kafka.recordLog.append(
        topic,
        events.slice(at, at + 500).map((one, n) => encode(one, n % PARTITIONS)),
      )
    sent.push(...events)
  }
  const sendSome = async (count: number, hours = 1) => {
    const events: OrderEvent[] = []
    for (let n = 0; n < count; n += 1) {
      const one = orderAt(hours + (n % 3), `C${n % 7}`)
      sent.push(one)
      events.push(one)
    }
    sent.length -= events.length
    await send(...events)
  }
  /** What the events amount to, each once. */
  const expected = () => {
    const sums = new Map<string, { orders: number; units: number; revenue: bigint }>()
    for (const { order } of new Map(sent.map((one) => [one.eventId, one])).values()) {
      const { category, quantity, unitPriceMinor } = order.lines[0] ?? line()
      const key = `${order.placedAt / 60_000_000n} ${category} ${order.currency}`
      const { orders = 0, units = 0, revenue = 0n } = sums.get(key) ?? {}
      sums.set(key, { orders: orders + 1, units: units + quantity, revenue: revenue + BigInt(quantity) * unitPriceMinor })
    }
    return [...sums].map(([key, { orders, units, revenue }]) => `${key} ${orders}/${units}/${revenue}`).sort()
  }
  const totals = async () => (await opened.totals()).sort()
  const harm = async (...statements: string[]) => {
    const connection = await opened.file.connect()
    await connection.run('create or replace table summed as from counts; update absorbed set revision = (select revision from state)')
    for (const sql of statements) await connection.run(sql)
    connection.closeSync()
  }
  const reachAsOf = async (ms: number) => {
    opened.counting.aimAt({ asOf: BigInt(ms) * 1000n, ends: new Map() })
    await until(() => opened.counting.state().asOf === BigInt(ms) * 1000n, { what: 'asOf is reached' })
  }
  /** The topic then begins at that offset. KafkaJS does not always know the broker yet. */
  const forget = (partitions: number[], offset: number) => {
    const forgetting = { topic, partitions: partitions.map((partition) => ({ partition, offset: String(offset) })) }
    return until(
      () =>
        kafka.admin.deleteTopicRecords(forgetting).then(
          () => true,
          () => false,
        ),
      { what: 'records are deleted' },
    )
  }
  const rebuilt = (rebuilding: Awaited<ReturnType<typeof recounting>>) =>
    until(() => !['counting', 'comparing'].includes(rebuilding.status().state) && rebuilding.status(), { what: 'the rebuild has ended' })

  before(() => kafka.connect())
  after(() => kafka.close())
  beforeEach(async () => {
    files = scratch()
    sent = []
    topic = await kafka.newTopic(PARTITIONS)
    await kafka.createTopic(`${topic}-${topic}-dlq`)
    opened = await openCounting(files.path)
    consuming = await counted(opened, kafka.recordLog, topic, topic)
  })
  afterEach(async () => {
    await consuming.stop()
    await opened.close()
    files.remove()
  })

  it('makes wrong counts right while orders go on and readers are answered, and asOf never goes back', async () => {
    await sendSome(3_000)
    await kafka.recordLog.append(topic, [{ key: null, value: Buffer.from('?'), headers: { id: Buffer.from('77') }, partition: 0 }])
    await caughtUp()
    await reachAsOf(NOW)
    const [right] = expected()
    const [minute = '', category = ''] = right?.split(' ') ?? []
    await harm(
      `update summed set orders = orders + 5 where minute = ${minute} and series = (select id from series where category = '${category}')`,
      "delete from summed where series = (select id from series where category = 'C3')",
      'insert into summed values (1, 0, 9, 9, 9)',
      'update state set published_up_to = revision',
    )
    expect(await totals()).to.not.deep.equal(expected())

    const rebuilding = await recounting(opened, recordLog(), files.path)
    expect([rebuilding.start(), rebuilding.start()]).to.deep.equal([true, false])
    const asOfs: bigint[] = []
    const question = { currency: 'USD', range: { from: 0, to: 2 ** 31 - 1 }, by: 'orders', limit: 10 } as const
    let running = true
    const reading = (async () => {
      while (running) asOfs.push((await opened.answers.top(question)).asOf ?? 0n)
    })()
    for (let n = 0; n < 5; n += 1) {
      await sendSome(200)
      await reachAsOf(NOW + n)
    }
    const status = await rebuilt(rebuilding)
    running = false
    await reading
    expect(status).to.include({ state: 'done', completeFrom: 0 })
    await caughtUp()
    expect(await totals()).to.deep.equal(expected())
    expect(asOfs.length).to.be.greaterThan(2)
    expect(asOfs).to.deep.equal(asOfs.toSorted((a, b) => Number(a - b)))
    expect(existsSync(`${files.path}.rebuild`)).to.equal(false)

    await send(...sent.slice(0, 50))
    await sendSome(10)
    await caughtUp()
    expect(await totals()).to.deep.equal(expected())
    expect((await opened.answers.events([77n])).answer[0]?.deadLettered?.reason).to.equal('undecodable')
  })

  it('publishes again exactly the buckets that were wrong, and leaves the answers of the past as they were', async () => {
    await sendSome(60)
    await caughtUp()
    await reachAsOf(NOW)
    await harm(
      "update summed set units = units + 1 where series = (select id from series where category = 'C1')",
      'update state set published_up_to = revision',
    )
    await harm('insert into kept select as_of, revision from state')
    const question = { size: 'hour', range: { from: 0, to: 2 ** 31 - 1 }, limit: 1_000, at: BigInt(NOW) * 1000n } as const
    const before = await opened.answers.buckets(question)
    const rebuilding = await recounting(opened, recordLog(), files.path)
    rebuilding.start()
    const { repaired } = (await rebuilt(rebuilding)) as { repaired: number }
    const dirty = await opened.rows('select count(*), min(category), max(category) from dirty join series on id = series')
    expect(dirty).to.deep.equal([[BigInt(repaired), 'C1', 'C1']])
    expect(await opened.answers.buckets(question)).to.deep.equal(before)
  })

  it('remembers exactly the events it counted: one that was taken for counted counts when it comes again', async () => {
    await sendSome(20)
    await caughtUp()
    const lost = orderAt(1, 'Lost')
    await harm(`insert into seen_20261124 values (${lost.eventId}, 0, 3, 0)`)
    await send(lost)
    await caughtUp()
    expect(await totals()).to.not.deep.equal(expected())
    const rebuilding = await recounting(opened, recordLog(), files.path)
    rebuilding.start()
    await rebuilt(rebuilding)
    expect(await totals()).to.deep.equal(expected())
    await send(lost)
    await caughtUp()
    expect(await totals()).to.deep.equal(expected())
  })

  it('goes past the ends of transactions, and what was aborted, as the counts do', async () => {
    await sendSome(20)
    for (const end of ['commit', 'abort'] as const) {
      const one = orderAt(1, end)
      const transaction = await kafka.transaction(topic, 0, [encode(one, 0)])
      await transaction[end]()
      if (end === 'commit') sent.push(one)
    }
    await caughtUp()
    await harm('update summed set orders = orders + 1')
    const rebuilding = await recounting(opened, recordLog(), files.path)
    rebuilding.start()
    expect((await rebuilt(rebuilding)).state).to.equal('done')
    expect(await totals()).to.deep.equal(expected())
  })

  it('that counts a dead letter leaves nothing to a replay of it, however late that comes', async () => {
    const failed = orderAt(1, 'Failed')
    sent.push(failed)
    const { headers, partition } = encode(failed, 0)
    const unreadable = { key: null, value: Buffer.from('?'), headers, partition }
    await kafka.recordLog.append(topic, [unreadable])
    await sendSome(10)
    await caughtUp()
    expect(await opened.rows('select event_id, counted_at is null from dead_letters')).to.deep.equal([[failed.eventId, true]])
    // What made it unreadable is repaired: the same record can be read now.
    const readable = (value: Buffer | null) => (value?.equals(unreadable.value) ? encode(failed, 0).value : value)
    const repaired: typeof kafka.recordLog = {
      ...recordLog(),
      subscribe: (subscription) =>
        recordLog().subscribe({
          ...subscription,
          onBatch: (batch) =>
            subscription.onBatch({ ...batch, records: batch.records.map((one) => copyOf(one, { value: readable(one.value) })) }),
        }),
    }
    const rebuilding = await recounting(opened, repaired, files.path)
    rebuilding.start()
    await rebuilt(rebuilding)
    expect(await totals()).to.deep.equal(expected())

    const replay = { ...encode(failed, 1), headers: { ...headers, 'replay.group': Buffer.from(topic) } }
    for (const days of [0, 9, 30]) {
      opened.clock.at = NOW + days * DAY_MS
      await reachAsOf(opened.clock.at)
      await kafka.recordLog.append(topic, [replay])
      await caughtUp()
      expect(await totals(), `${days} days later`).to.deep.equal(expected())
    }
  })

  it('does not take an event for uncounted of which the topic has only the copy that could not be read', async () => {
    const twice = orderAt(1, 'Twice')
    const { headers } = encode(twice, 0)
    await kafka.recordLog.append(topic, [encode(twice, 0)])
    await kafka.recordLog.append(topic, [{ key: null, value: Buffer.from('?'), headers, partition: 0 }])
    await caughtUp()
    const counted = await totals()
    await forget([0], 1)
    const rebuilding = await recounting(opened, recordLog(), files.path)
    rebuilding.start()
    await rebuilt(rebuilding)
    for (const days of [0, 9]) {
      opened.clock.at = NOW + days * DAY_MS
      await reachAsOf(opened.clock.at)
      await kafka.recordLog.append(topic, [{ ...encode(twice, 1), headers: { ...headers, 'replay.group': Buffer.from(topic) } }])
      await caughtUp()
      expect(await totals(), `${days} days later`).to.deep.equal(counted)
    }
  })

  it('keeps older buckets as they are once the topic does not hold all of their orders', async () => {
    await sendSome(50, 48)
    await sendSome(50, 2)
    await caughtUp()
    await reachAsOf(NOW)
    await forget([0, 1], 25)
    await harm('update summed set orders = orders + 1')
    const rebuilding = await recounting(opened, recordLog(), files.path)
    rebuilding.start()
    const status = (await rebuilt(rebuilding)) as { state: string; completeFrom: number }
    expect(status.completeFrom).to.be.within((NOW - 48 * HOUR_MS) / 60_000, (NOW - 5 * HOUR_MS) / 60_000)
    const wrong = (await totals()).filter((text) => !expected().includes(text))
    expect(wrong.map((text) => Number(text.split(' ')[0])).every((minute) => minute < status.completeFrom)).to.equal(true)
    const old = expected().filter((text) => Number(text.split(' ')[0]) < status.completeFrom)
    expect(wrong).to.have.length(old.length)
    await send(...sent.slice(0, 10))
    await caughtUp()
    expect((await totals()).filter((text) => !expected().includes(text))).to.deep.equal(wrong)
  })

  it('that fails at any of its steps leaves the counts as they were, which go on', async () => {
    await sendSome(40)
    await caughtUp()
    await harm('update summed set orders = orders + 1')
    const wrong = await totals()
    for (const step of ['attach', 'delete from seen', 'update dead_letters', 'insert into changes', 'update state', 'commit', 'none']) {
      let reached = false
      const failing = (file: DuckDbFile): DuckDbFile => ({
        ...file,
        connect: async () =>
          new Proxy(await file.connect(), {
            get(target, name: 'run') {
              const member = target[name]
              if (typeof member !== 'function') return member
              return async (...args: Parameters<typeof member>) => {
                if (!String(args[0]).startsWith(step)) return member.apply(target, args)
                reached = true
                // A commit that fails has rolled back.
                if (step === 'commit') await target.run('rollback')
                throw new Error('on purpose')
              }
            },
          }),
      })
      const faults: unknown[] = []
      const rebuilding = await recounting(opened, recordLog(), files.path, { wrap: failing, fail: (error) => faults.push(error) })
      rebuilding.start()
      const { state } = await rebuilt(rebuilding)
      expect([step, state, reached]).to.deep.equal([step, step === 'none' ? 'done' : 'failed', step !== 'none'])
      // Of a commit that failed nobody knows what it left in memory.
      expect(faults.map((fault) => fault instanceof StopProcess)).to.deep.equal(step === 'commit' ? [true] : [])
      expect(await totals(), step).to.deep.equal(step === 'none' ? expected() : wrong)
    }
    await sendSome(10)
    await caughtUp()
    expect(await totals()).to.deep.equal(expected())
  })

  it('that mended the counts but cannot read them again is done, and ends the aggregator', async () => {
    await sendSome(20)
    await caughtUp()
    await harm('update summed set orders = orders + 1')
    const failed: unknown[] = []
    const lost = new Error('on purpose')
    const rebuilding = await recounting(opened, recordLog(), files.path, {
      reread: () => Promise.reject(lost),
      fail: (error) => failed.push(error),
    })
    rebuilding.start()
    expect((await rebuilt(rebuilding)).state).to.equal('done')
    expect(failed).to.deep.equal([lost])
    expect(await totals()).to.deep.equal(expected())
  })

  it('is given up when the aggregator stops, or when records were deleted before they were counted', async () => {
    await sendSome(20)
    await caughtUp()
    const rebuilding = await recounting(opened, recordLog(), files.path)
    rebuilding.abort()
    expect(rebuilding.start()).to.equal(false)
    await consuming.stop()
    await sendSome(20)
    await forget([0], 15)
    const other = await recounting(opened, recordLog(), files.path)
    other.start()
    expect(await rebuilt(other))
      .to.deep.include({ state: 'failed' })
      .and.have.property('why')
      .that.contains('deleted before they were counted')
    await opened.counting.handle(slice(10n, []))
  })
})
