// What every record log keeps; run by the in-memory log and by Kafka.
import { randomBytes, randomUUID } from 'node:crypto'
import { expect } from 'chai'
import { until } from '../../../test/support/until.ts'
import { Unavailable } from '../../process/errors.ts'
import type { LogConsumer, LogRecord, NewRecord, RecordBatch, RecordLog, Subscription } from '../../records/record-log.ts'
import type { OpenTransaction } from '../../test-support/memory-log.ts'

type World = {
  recordLog: RecordLog
  newTopic(partitions: number): Promise<string>
  /** Appends within a transaction that is then left open. */
  transaction(topic: string, partition: number, records: NewRecord[]): Promise<OpenTransaction>
}

const text = (n: number) => Buffer.from(`value ${n}`)
const values = (records: LogRecord[]) => records.map(({ value }) => String(value))
const numbered = (from: number, to: number, partition?: number) =>
  Array.from({ length: to - from }, (_, i) => ({ key: null, value: text(from + i), ...(partition !== undefined && { partition }) }))

export function recordLogContract(name: string, open: () => Promise<World>, close: () => Promise<void>): void {
  describe(`${name} as a record log`, () => {
    let world: World
    const consumers: LogConsumer[] = []

    before(async () => {
      world = await open()
    })
    afterEach(async () => {
      for (const consumer of consumers.splice(0)) await consumer.stop()
    })
    after(() => close())

    /** Consumes and keeps what comes, until the test ends. */
    async function consume(topic: string, given: Partial<Subscription> = {}) {
      const seen: LogRecord[] = []
      const subscription: Subscription = {
        topics: [topic],
        group: `contract-${randomUUID()}`,
        startAt: () => undefined,
        async onBatch(batch) {
          seen.push(...batch.records)
        },
        ...given,
      }
      const consumer = await world.recordLog.subscribe(subscription)
      consumers.push(consumer)
      const sees = (count: number) => until(() => seen.length >= count, { what: `${count} records come` })
      return { consumer, seen, sees, subscription }
    }

    it('gives records back byte for byte, with consecutive offsets', async () => {
      const topic = await world.newTopic(1)
      const binary = Buffer.from([0, 255, 1, 254])
      const headers = { id: Buffer.from('7'), raw: binary, empty: Buffer.alloc(0), nothing: null, twice: Buffer.from('b') }
      const repeatedHeaders = { twice: [Buffer.from('a'), null, Buffer.from('b')] }
      await world.recordLog.append(topic, [
        { key: binary, value: binary, headers, repeatedHeaders },
        { key: null, value: Buffer.alloc(0) },
        { key: Buffer.from('gone'), value: null },
      ])
      const { seen, sees } = await consume(topic)
      await sees(3)
      expect(seen.map(({ topic, partition, offset }) => ({ topic, partition, offset }))).to.deep.equal(
        [0n, 1n, 2n].map((offset) => ({ topic, partition: 0, offset })),
      )
      expect(seen[0]).to.deep.include({ key: binary, value: binary, headers, repeatedHeaders })
      expect(seen[1]).to.deep.include({ key: null, value: Buffer.alloc(0), headers: {} })
      expect(seen[2]).to.deep.include({ key: Buffer.from('gone'), value: null })
      expect(seen[0]?.timestamp).to.be.within(Date.now() - 60_000, Date.now() + 60_000)
    })

    it('keeps the order of appends that were called at once, however large they are', async () => {
      const topic = await world.newTopic(1)
      const large = Buffer.alloc(300_000, 1)
      const records = Array.from({ length: 12 }, (_, n) => ({ key: Buffer.from(`${n}`), value: large }))
      await Promise.all([world.recordLog.append(topic, records.slice(0, 8)), world.recordLog.append(topic, records.slice(8))])
      const { seen, sees } = await consume(topic)
      await sees(12)
      expect(seen.map(({ key }) => Number(String(key)))).to.deep.equal([...records.keys()])
    })

    it('puts equal keys into one partition, and a named partition before the key', async () => {
      const topic = await world.newTopic(3)
      const keys = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']
      await world.recordLog.append(
        topic,
        [...keys, ...keys].map((key) => ({ key: Buffer.from(key), value: text(0) })),
      )
      await world.recordLog.append(
        topic,
        keys.map((key) => ({ key: Buffer.from(key), value: text(1), partition: 2 })),
      )
      const { seen, sees } = await consume(topic)
      await sees(24)
      const byKey = Map.groupBy(
        seen.filter(({ value }) => value?.equals(text(0))),
        ({ key }) => String(key),
      )
      for (const records of byKey.values()) expect(new Set(records.map(({ partition }) => partition)).size).to.equal(1)
      expect(seen.filter(({ partition, value }) => partition === 2 && value?.equals(text(1)))).to.have.length(8)
    })

    it('says where each record of an append was written, in the order given', async () => {
      const topic = await world.newTopic(3)
      const records = Array.from({ length: 40 }, (_, n) => ({
        key: n % 3 === 0 ? null : Buffer.from(`key ${n}`),
        // So large that it takes more than one request.
        value: Buffer.concat([text(n), Buffer.alloc(n % 5 === 0 ? 200_000 : 0)]),
        ...(n % 4 === 0 && { partition: 2 }),
      }))
      const written = await Promise.all([0, 1, 15].map((from, i, all) => world.recordLog.append(topic, records.slice(from, all[i + 1]))))
      expect(await world.recordLog.append(topic, [])).to.deep.equal([])
      const { seen, sees } = await consume(topic)
      await sees(records.length)
      const lies = new Map(seen.map(({ partition, offset, value }) => [String(value), { partition, offset }]))
      expect(written.flat()).to.deep.equal(records.map(({ value }) => lies.get(String(value))))
    })

    it('tells the bounds of every partition', async () => {
      const topic = await world.newTopic(2)
      await world.recordLog.append(topic, numbered(0, 3, 1))
      const bounds = await world.recordLog.bounds(topic)
      expect([...bounds].sort(([a], [b]) => a - b)).to.deep.equal([
        [0, { logStart: 0n, highWatermark: 0n, lastStable: 0n }],
        [1, { logStart: 0n, highWatermark: 3n, lastStable: 3n }],
      ])
    })

    it('tells the end of the log and, before it, the offset from which an open transaction keeps records from being read', async () => {
      const topic = await world.newTopic(1)
      await world.recordLog.append(topic, numbered(0, 2))
      const { commit } = await world.transaction(topic, 0, numbered(2, 4))
      await world.recordLog.append(topic, numbered(4, 5))
      const bounds = async () => (await world.recordLog.bounds(topic)).get(0)
      expect(await bounds()).to.deep.equal({ logStart: 0n, highWatermark: 5n, lastStable: 2n })
      const { seen, sees } = await consume(topic)
      await sees(2)
      await commit()
      await sees(5)
      expect(values(seen)).to.deep.equal(['value 0', 'value 1', 'value 2', 'value 3', 'value 4'])
      expect(await bounds()).to.deep.equal({ logStart: 0n, highWatermark: 6n, lastStable: 6n })
    })

    for (const end of ['commit', 'abort'] as const)
      it(`hands out a batch without records for the ${end} of a transaction, so that the position reaches the end of the log`, async () => {
        const topic = await world.newTopic(1)
        await world.recordLog.append(topic, numbered(0, 1))
        const transaction = await world.transaction(topic, 0, numbered(1, 3))
        const batches: RecordBatch[] = []
        await consume(topic, {
          async onBatch(batch) {
            batches.push(batch)
          },
        })
        await until(() => batches.length === 1, { what: 'what lies before the transaction' })
        await transaction[end]()
        await until(() => batches.at(-1)?.next === 4n, { what: 'the end of the log is reached' })
        await world.recordLog.append(topic, numbered(9, 10))
        await until(() => batches.at(-1)?.next === 5n, { what: 'what lies behind the transaction' })
        const committed = end === 'commit' ? ['value 1', 'value 2'] : []
        expect(values(batches.flatMap(({ records }) => records))).to.deep.equal(['value 0', ...committed, 'value 9'])
        expect(batches.every(({ from }, n) => n === 0 || from >= (batches[n - 1]?.next ?? 0n))).to.equal(true)
      })

    it('is unavailable for a topic that is not there', async () => {
      expect(await world.recordLog.bounds(`none-${randomUUID()}`).catch((error) => error)).to.be.instanceOf(Unavailable)
    }).timeout(60_000)

    it('starts each partition at the stored position, whatever the group has committed', async () => {
      const topic = await world.newTopic(2)
      await world.recordLog.append(topic, [...numbered(0, 5, 0), ...numbered(10, 15, 1)])
      const group = `contract-${randomUUID()}`
      const first = await consume(topic, { group })
      await first.sees(10)
      await first.consumer.commit(topic, 0, 5n)
      await first.consumer.stop()
      const second = await consume(topic, { group, startAt: (_, partition) => (partition === 0 ? 2n : 4n) })
      await second.sees(4)
      expect(values(second.seen).sort()).to.deep.equal(['value 14', 'value 2', 'value 3', 'value 4'])
    })

    it('starts a group at its committed position, and another at the start', async () => {
      const topic = await world.newTopic(1)
      await world.recordLog.append(topic, numbered(0, 5))
      const group = `contract-${randomUUID()}`
      const first = await consume(topic, { group })
      await first.sees(5)
      await first.consumer.commit(topic, 0, 3n)
      await first.consumer.stop()
      const second = await consume(topic, { group })
      await second.sees(2)
      expect(values(second.seen)).to.deep.equal(['value 3', 'value 4'])
      const other = await consume(topic)
      await other.sees(5)
    })

    it('goes on at the sought position when the batch that sought it is done', async () => {
      const topic = await world.newTopic(1)
      await world.recordLog.append(topic, numbered(0, 5))
      const batches: string[][] = []
      let ownedAfterSeek: boolean | undefined
      const { consumer } = await consume(topic, {
        async onBatch(batch) {
          batches.push(values(batch.records))
          if (batches.length > 1) return
          await until(() => consumers.length > 0, { what: 'the consumer is there' })
          consumers[0]?.seek(topic, 0, 3n)
          ownedAfterSeek = batch.owned()
        },
      })
      await until(() => batches.length >= 2, { what: 'a second batch' })
      expect(batches[1]).to.deep.equal(['value 3', 'value 4'])
      expect(ownedAfterSeek).to.equal(false)
      await consumer.stop()
    })

    it('pauses one partition, goes on with the others, and resumes where it paused', async () => {
      const topic = await world.newTopic(2)
      const { consumer, seen, sees } = await consume(topic)
      consumer.pause(topic, 0)
      await world.recordLog.append(topic, [...numbered(0, 3, 0), ...numbered(10, 13, 1)])
      await sees(3)
      await world.recordLog.append(topic, numbered(13, 14, 1))
      await sees(4)
      expect(seen.every(({ partition }) => partition === 1)).to.equal(true)
      consumer.resume(topic, 0)
      await sees(7)
      expect(values(seen.filter(({ partition }) => partition === 0))).to.deep.equal(['value 0', 'value 1', 'value 2'])
    })

    it('hands out one batch at a time per partition, and several partitions at once', async () => {
      const topic = await world.newTopic(2)
      await world.recordLog.append(topic, [...numbered(0, 3, 0), ...numbered(0, 3, 1)])
      const open: RecordBatch[] = []
      const gate = Promise.withResolvers<void>()
      const { consumer } = await consume(topic, {
        async onBatch(batch) {
          open.push(batch)
          await gate.promise
        },
      })
      await until(() => open.length >= 2, { what: 'two batches in hand' })
      await world.recordLog.append(topic, [...numbered(3, 4, 0), ...numbered(3, 4, 1)])
      await open[0]?.heartbeat()
      expect(open.map(({ partition }) => partition).sort()).to.deep.equal([0, 1])
      gate.resolve()
      await until(() => open.length >= 4, { what: 'the next two batches' })
      await consumer.stop()
    })

    it('fetches nothing more while more records are in hand than may be, and goes on when they are done', async () => {
      const topic = await world.newTopic(2)
      const held = Array.from({ length: 8 }, (_, n) => `held ${n}`)
      const free = Array.from({ length: 4 }, (_, n) => `free ${n}`)
      // Each is more than one fetch takes of a partition.
      const large = (name: string, partition: number) => ({ key: Buffer.from(name), value: randomBytes(200_000), partition })
      await world.recordLog.append(topic, numbered(0, 3, 0))
      for (const name of held) await world.recordLog.append(topic, [large(name, 0)])
      for (const name of free.slice(0, 3)) await world.recordLog.append(topic, [large(name, 1)])
      const seen: string[] = []
      const gate = Promise.withResolvers<void>()
      const onBatch = async ({ partition, records }: RecordBatch) => {
        seen.push(...records.map(({ key, value }) => String(key ?? value)))
        if (partition === 0) await gate.promise
      }
      await consume(topic, { maxBuffered: 2, onBatch })
      try {
        await until(() => seen.includes('value 0'), { what: 'three are in hand' })
        const other = await consume(topic)
        await other.sees(held.length + 6)
        await world.recordLog.append(topic, [large('free 3', 1)])
        await other.sees(held.length + 7)
        expect(seen.filter((name) => name.startsWith('free'))).to.have.length.at.most(1)
      } finally {
        gate.resolve()
      }
      await until(() => seen.length >= held.length + free.length + 3, { what: 'the rest comes' })
      expect(seen.filter((name) => name.startsWith('held'))).to.deep.equal(held)
      expect(seen.filter((name) => name.startsWith('free'))).to.deep.equal(free)
    })

    it('stops once the batch in hand is done and committed', async () => {
      const topic = await world.newTopic(1)
      await world.recordLog.append(topic, numbered(0, 3))
      const group = `contract-${randomUUID()}`
      const inHand = Promise.withResolvers<void>()
      const gate = Promise.withResolvers<void>()
      const { consumer } = await consume(topic, {
        group,
        async onBatch(batch) {
          inHand.resolve()
          await gate.promise
          if (batch.owned()) await consumers[0]?.commit(topic, 0, 3n)
        },
      })
      await inHand.promise
      let stopped = false
      const stopping = consumer.stop().then(() => {
        stopped = true
      })
      await new Promise((resolve) => setImmediate(resolve))
      expect(stopped).to.equal(false)
      gate.resolve()
      await stopping
      await consumer.ended
      await world.recordLog.append(topic, numbered(3, 4))
      const second = await consume(topic, { group })
      await second.sees(1)
      expect(values(second.seen)).to.deep.equal(['value 3'])
    })

    it('ends by the fault of a batch', async () => {
      const topic = await world.newTopic(1)
      await world.recordLog.append(topic, numbered(0, 1))
      const fault = new RangeError('on purpose')
      const { consumer } = await consume(topic, {
        async onBatch() {
          throw fault
        },
      })
      expect(await consumer.ended.catch((error) => error)).to.equal(fault)
    })

    it('shares partitions with a second member; what is revoked is no longer owned, and positions are asked for again', async () => {
      const topic = await world.newTopic(2)
      const group = `contract-${randomUUID()}`
      const position = new Map([0, 1].map((partition) => [partition, 0n]))
      const assignments: number[] = []
      const gate = Promise.withResolvers<void>()
      const inHand: RecordBatch[] = []
      const shared = {
        group,
        startAt: (_: string, partition: number) => position.get(partition),
        async onBatch(batch: RecordBatch) {
          inHand.push(batch)
          if (inHand.length <= 2) await gate.promise
          if (batch.owned()) position.set(batch.partition, (batch.records.at(-1)?.offset ?? 0n) + 1n)
        },
      }
      await world.recordLog.append(topic, [...numbered(0, 3, 0), ...numbered(0, 3, 1)])
      await consume(topic, { ...shared, onAssigned: (partitions) => assignments.push(partitions.length) })
      await until(() => inHand.length === 2, { what: 'both partitions in hand' })
      const joining = consume(topic, shared)
      await until(() => inHand.every((batch) => !batch.owned()), { what: 'both are revoked' })
      gate.resolve()
      await joining
      await until(() => [...position.values()].every((next) => next === 3n), { what: 'everything is read again' })
      expect(assignments).to.include.members([2, 1])
      expect(inHand.slice(2).map(({ records }) => records[0]?.offset)).to.deep.equal([0n, 0n])
    }).timeout(60_000)
  })
}
