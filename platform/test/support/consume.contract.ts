// The loop's whole policy, row by row; run on the in-memory log and on Kafka, so that another client is one adapter that passes.
import { randomUUID } from 'node:crypto'
import { expect } from 'chai'
import { Registry } from 'prom-client'
import { until } from '../../../test/support/until.ts'
import { type Consuming, consume } from '../../loop/consume.ts'
import type { Handler, Slice } from '../../loop/handler.ts'
import type { Policy } from '../../loop/policy.ts'
import { systemClock } from '../../process/clock.ts'
import { InvalidMessage, OutOfPosition, RejectedRecords, StopProcess, Unavailable } from '../../process/errors.ts'
import { createLog } from '../../process/log.ts'
import { readDeadLetter } from '../../records/dead-letter.ts'
import { readRanges } from '../../records/read-ranges.ts'
import type { LogRecord, NewRecord, RecordBatch, RecordLog } from '../../records/record-log.ts'
import type { OpenTransaction } from '../../test-support/memory-log.ts'

export type LoopWorld = {
  recordLog: RecordLog
  createTopic(topic: string, partitions: number): Promise<void>
  /** The group's committed next offset. */
  committed(group: string, topic: string, partition: number): Promise<bigint | undefined>
  /** Retention: forgets records before the offset. */
  trim(topic: string, partition: number, logStart: bigint): Promise<void>
  /** Appends within a transaction that is then left open. */
  transaction(topic: string, partition: number, records: NewRecord[]): Promise<OpenTransaction>
}

const FAST: Partial<Policy> = { firstBackoffMs: 2, maxBackoffMs: 4, unavailableDeadlineMs: 50, watchEveryMs: 20 }

/** A counter that remembers every text it was given, in order, and fails as told. */
function counter(fail: (texts: string[], attempt: number) => void = () => {}) {
  const seen: string[] = []
  const slices: Slice<string>[] = []
  let attempt = 0
  const handler: Handler<string> = {
    decode({ value }: LogRecord) {
      const text = value?.toString() ?? ''
      if (text.startsWith('undecodable')) throw new InvalidMessage('undecodable', 'no text')
      return text
    },
    async handle(slice) {
      attempt += 1
      fail(
        slice.messages.map(({ value }) => value),
        attempt,
      )
      seen.push(...slice.messages.map(({ value }) => value))
      slices.push(slice)
    },
  }
  return { seen, slices, handler, attempts: () => attempt }
}

export function consumeContract(name: string, open: () => Promise<LoopWorld>, close: () => Promise<void>): void {
  describe(`the loop's policy on ${name}`, () => {
    let world: LoopWorld
    let topic = ''
    let group = ''
    const loops: Consuming[] = []

    before(async () => {
      world = await open()
    })
    beforeEach(async () => {
      topic = `policy-${randomUUID()}`
      group = `policy-${randomUUID()}`
      await world.createTopic(topic, 2)
      await world.createTopic(`${topic}-${group}-dlq`, 1)
    })
    afterEach(async () => {
      for (const loop of loops.splice(0)) await loop.stop().catch(() => {})
    })
    after(() => close())

    const append = (texts: string[], partition = 0, headers = {}) =>
      world.recordLog.append(
        topic,
        texts.map((text) => ({ key: null, value: Buffer.from(text), headers, partition })),
      )
    const start = async (handler: Handler<string>, policy: Partial<Policy> = {}, recordLog = world.recordLog) => {
      const rest = { clock: systemClock, log: createLog('test', 'silent'), metrics: new Registry(), policy: { ...FAST, ...policy } }
      const consuming = await consume({ recordLog, topics: [topic], group, handler, ...rest })
      loops.push(consuming)
      return consuming
    }
    const isCommitted = (partition = 0) => world.committed(group, topic, partition)
    const committed = (nextOffset: bigint, partition = 0) =>
      until(async () => (await isCommitted(partition)) === nextOffset, {
        what: `${nextOffset} is committed`,
        everyMs: 5,
      })
    const letterRecords = async () => {
      const found: LogRecord[] = []
      const everything = [{ partition: 0, from: 0n, next: 1_000n }]
      for await (const record of readRanges(world.recordLog, `${topic}-${group}-dlq`, everything)) found.push(record)
      return found
    }
    const letters = async () => (await letterRecords()).map((record) => readDeadLetter(record))
    const fault = async ({ ended }: Consuming): Promise<Error> => {
      try {
        await ended
      } catch (error) {
        return error as Error
      }
      throw new Error('consuming ended without a fault')
    }

    it('commits the next offset once the handler returns', async () => {
      const { seen, handler } = counter()
      await append(['a', 'b'])
      await start(handler)
      await committed(2n)
      expect(seen).to.deep.equal(['a', 'b'])
    })

    it('dead-letters an invalid message at once, with its bytes and headers, and tells the handler with the rest of the slice', async () => {
      const { seen, slices, handler } = counter()
      await append(['a', 'undecodable \u0000'], 0, { id: Buffer.from('7') })
      await append(['b'])
      await start(handler)
      await committed(3n)
      expect(seen).to.deep.equal(['a', 'b'])
      const [letter] = await letters()
      expect(letter).to.deep.include({ topic, partition: 0, offset: 1n, group, reason: 'undecodable', attempts: 1, replays: 0 })
      expect(letter?.value?.toString()).to.equal('undecodable \u0000')
      expect(letter?.headers).to.deep.equal({ id: Buffer.from('7') })
      expect(slices.flatMap(({ deadLettered }) => deadLettered.map(({ record, reason }) => [record.offset, reason]))).to.deep.equal([
        [1n, 'undecodable'],
      ])
    })

    it('dead-letters what the handler rejects and hands it the rest again', async () => {
      const seen: string[] = []
      const handler: Handler<string> = {
        decode: ({ value }) => value?.toString() ?? '',
        async handle({ messages }) {
          const bad = messages.filter(({ value }) => value === 'old')
          if (bad.length > 0)
            throw new RejectedRecords(new Map(bad.map(({ record }) => [record.offset, new InvalidMessage('too-old', 'x')])))
          seen.push(...messages.map(({ value }) => value))
        },
      }
      await append(['a', 'old', 'b', 'old'])
      await start(handler)
      await committed(4n)
      expect(seen).to.deep.equal(['a', 'b'])
      expect((await letters()).map((letter) => [letter?.offset, letter?.reason])).to.deep.equal([
        [1n, 'too-old'],
        [3n, 'too-old'],
      ])
    })

    it('never dead-letters while something is unavailable: it waits, is not ready, and goes on', async () => {
      let away = true
      const { seen, handler } = counter(() => {
        if (away) throw new Unavailable('the database is away')
      })
      await append(['a', 'b'])
      const { ready } = await start(handler, { unavailableDeadlineMs: 60_000 })
      expect(await until(ready, { what: 'readiness is false', everyMs: 1 })).to.include('the database is away')
      away = false
      await committed(2n)
      expect(seen).to.deep.equal(['a', 'b'])
      // The broker tells of a commit before it answers to whoever made it.
      await until(() => ready() === undefined, { what: 'it is ready again' })
      expect(await letters()).to.deep.equal([])
    })

    it('stops the process past the deadline with nothing committed', async () => {
      const { handler } = counter(() => {
        throw new Unavailable('the database is away')
      })
      await append(['a'])
      const error = await fault(await start(handler))
      expect(error).to.be.instanceOf(StopProcess)
      expect(await isCommitted()).to.equal(undefined)
      expect(await letters()).to.deep.equal([])
    })

    it('lets the other partitions go on while one waits', async () => {
      const { seen, handler } = counter((texts) => {
        if (texts.includes('stuck')) throw new Unavailable('away')
      })
      await append(['stuck'], 0)
      await start(handler, { unavailableDeadlineMs: 60_000 })
      await append(['free'], 1)
      await committed(1n, 1)
      expect(seen).to.deep.equal(['free'])
    })

    it('tries a failing batch again before it blames a record', async () => {
      const { seen, handler, attempts } = counter((_, attempt) => {
        if (attempt < 3) throw new Error('a hiccup')
      })
      await append(['a', 'b', 'c'])
      await start(handler)
      await committed(3n)
      expect(attempts()).to.equal(3)
      expect(seen).to.deep.equal(['a', 'b', 'c'])
      expect(await letters()).to.deep.equal([])
    })

    it('bisects a batch that keeps failing until the poison record is alone, and dead-letters just that one', async () => {
      const { seen, handler } = counter((texts) => {
        if (texts.includes('poison')) throw new TypeError('cannot read')
      })
      const texts = Array.from({ length: 20 }, (_, n) => (n === 13 ? 'poison' : `r${n}`))
      await append(texts)
      await start(handler)
      await committed(20n)
      expect(seen).to.deep.equal(texts.filter((text) => text !== 'poison'))
      expect(await letters()).to.have.lengthOf(1)
      expect((await letters())[0]).to.deep.include({
        offset: 13n,
        reason: 'handler-failed',
        exception: 'TypeError',
        message: 'cannot read',
      })
      expect((await letters())[0]?.attempts).to.be.at.least(3)
    })

    it('stops before it writes the letters when too many records in a row fail, and commits nothing past them', async () => {
      const { handler } = counter()
      await append(['a'])
      const consuming = await start(handler, { dlqInARow: 5 })
      await committed(1n)
      await append(Array.from({ length: 6 }, (_, n) => `undecodable ${n}`))
      const error = await fault(consuming)
      expect(error).to.be.instanceOf(StopProcess)
      expect(error.message).to.include('DLQ_MAX_IN_A_ROW')
      expect(await letters()).to.deep.equal([])
      expect(await isCommitted()).to.equal(1n)
    })

    it('stops when a share of the last records fails', async () => {
      const { handler } = counter()
      await append(Array.from({ length: 40 }, (_, n) => (n % 2 === 0 ? `undecodable ${n}` : `r${n}`)))
      const error = await fault(await start(handler, { dlqWindow: 50, dlqShare: 0.2 }))
      expect(error).to.be.instanceOf(StopProcess)
      expect(await letters()).to.deep.equal([])
    })

    it('stops when a dead letter is not acknowledged, with nothing committed past it', async () => {
      const { handler } = counter()
      const refusing: RecordLog = {
        ...world.recordLog,
        append: (to, records) =>
          to === topic ? world.recordLog.append(to, records) : Promise.reject(new Unavailable('no acknowledgement')),
      }
      await append(['a', 'undecodable'])
      const error = await fault(await start(handler, {}, refusing))
      expect(error).to.be.instanceOf(StopProcess)
      expect(await isCommitted()).to.equal(undefined)
    })

    it('writes a letter once although the handler has to be asked again', async () => {
      const { seen, handler } = counter((_, attempt) => {
        if (attempt < 3) throw new Unavailable('away')
      })
      await append(['undecodable', 'a'])
      await start(handler, { unavailableDeadlineMs: 60_000 })
      await committed(2n)
      expect(seen).to.deep.equal(['a'])
      expect(await letters()).to.have.lengthOf(1)
    })

    /** The log, and whether the batch in hand is still the loop's. */
    function observed() {
      const inHand: RecordBatch[] = []
      const recordLog: RecordLog = {
        ...world.recordLog,
        subscribe: (subscription) =>
          world.recordLog.subscribe({
            ...subscription,
            onBatch(batch) {
              inHand.push(batch)
              return subscription.onBatch(batch)
            },
          }),
      }
      return { recordLog, revoked: () => until(() => inHand[0]?.owned() === false, { what: 'the partition is revoked' }) }
    }

    for (const outcome of ['returns', 'throws'] as const) {
      it(`commits nothing for a partition that was revoked meanwhile: the handler ${outcome}`, async () => {
        const entered = Promise.withResolvers<void>()
        const release = Promise.withResolvers<void>()
        const again = Promise.withResolvers<void>()
        let calls = 0
        const handler: Handler<string> = {
          decode: ({ value }) => value?.toString() ?? '',
          async handle() {
            calls += 1
            if (calls > 1) return again.promise
            entered.resolve()
            await release.promise
            if (outcome === 'throws') throw new Error('too late')
          },
        }
        await append(['a'])
        const { recordLog, revoked } = observed()
        await start(handler, {}, recordLog)
        await entered.promise
        const joining = start(handler)
        await revoked()
        release.resolve()
        await until(() => calls === 2, { what: 'the record is handed out again' })
        expect(await isCommitted()).to.equal(undefined)
        again.resolve()
        await committed(1n)
        await joining
        expect(await letters()).to.deep.equal([])
      }).timeout(60_000)
    }

    it('stops when records were deleted before they were read, instead of starting over elsewhere', async () => {
      await append(['a', 'b', 'c', 'd'])
      const consuming = await start(
        {
          decode: ({ value }) => value?.toString() ?? '',
          // What was fetched before the deletion may come after it.
          async handle({ messages }) {
            if (messages.some(({ value }) => value === 'a')) throw new Unavailable('away')
          },
        },
        { unavailableDeadlineMs: 60_000 },
      )
      await until(consuming.ready, { what: 'it waits' })
      await world.trim(topic, 0, 2n)
      expect(await fault(consuming))
        .to.be.instanceOf(StopProcess)
        .with.property('exitCode', 65)
      expect(await isCommitted()).to.equal(undefined)
    })

    it('keeps a dead letter byte for byte: tombstones, null keys, binary, null and repeated headers', async () => {
      const raw = Buffer.from([0, 255, 1, 254])
      const headers = { id: Buffer.from('7'), raw, empty: Buffer.alloc(0), nothing: null, twice: Buffer.from('b') }
      const repeatedHeaders = { twice: [Buffer.from('a'), Buffer.from('b')] }
      await world.recordLog.append(topic, [
        { key: raw, value: raw, headers, repeatedHeaders, partition: 0 },
        { key: raw, value: null, headers: {}, partition: 0 },
        { key: null, value: Buffer.alloc(0), headers: {}, partition: 0 },
      ])
      const handler: Handler<string> = {
        decode() {
          throw new InvalidMessage('undecodable', 'on purpose')
        },
        handle: async () => {},
      }
      await start(handler)
      await committed(3n)
      const found = await letters()
      expect(found.map((letter) => [letter?.key, letter?.value])).to.deep.equal([
        [raw, raw],
        [raw, null],
        [null, Buffer.alloc(0)],
      ])
      expect(found[0]).to.deep.include({ headers, topic, partition: 0, offset: 0n, reason: 'undecodable' })
      expect((await letterRecords())[0]?.repeatedHeaders).to.deep.equal(repeatedHeaders)
    })

    it('writes a letter without what quotes the fault when the topic has no room for it', async () => {
      const sizeOf = (record: NewRecord) => Object.values(record.headers ?? {}).reduce((sum, header) => sum + (header?.length ?? 0), 0)
      const narrow: RecordLog = {
        ...world.recordLog,
        append: (to, records) =>
          to !== topic && records.some((record) => sizeOf(record) > 1_000)
            ? Promise.reject(new Error('MESSAGE_TOO_LARGE'))
            : world.recordLog.append(to, records),
      }
      const error = new InvalidMessage('undecodable', 'x'.repeat(5_000))
      error.stack = 'y'.repeat(5_000)
      await append(['a'])
      await start({ decode: () => Promise.reject(error), handle: async () => {} }, {}, narrow)
      await committed(1n)
      const [letter] = await letters()
      expect(letter).to.deep.include({ value: Buffer.from('a'), reason: 'undecodable', message: 'x'.repeat(100) })
    })

    it('ignores a replay that is addressed to another group, and handles one for its own', async () => {
      const { seen, handler } = counter()
      await append(['theirs'], 0, { 'replay.group': Buffer.from('somebody-else') })
      await append(['ours'], 0, { 'replay.group': Buffer.from(group) })
      await start(handler)
      await committed(2n)
      expect(seen).to.deep.equal(['ours'])
    })

    for (const end of ['commit', 'abort'] as const)
      it(`goes past the ${end} of a transaction to the end of the log, and tells the handler`, async () => {
        const { seen, slices, handler } = counter()
        await append(['a'])
        const transaction = await world.transaction(topic, 0, [{ key: null, value: Buffer.from('b') }])
        await append(['c'])
        await start(handler)
        await committed(1n)
        expect(seen).to.deep.equal(['a'])
        await transaction[end]()
        await committed(4n)
        expect(seen).to.deep.equal(end === 'commit' ? ['a', 'b', 'c'] : ['a', 'c'])
        expect(slices.every(({ from }, n) => from === (slices[n - 1]?.next ?? 0n))).to.equal(true)
        expect(await letters()).to.deep.equal([])
      })

    it('waits for a transaction that is open, not ready and saying so, without taking the client for stalled', async () => {
      const { seen, handler } = counter()
      await append(['a'])
      const transaction = await world.transaction(topic, 0, [{ key: null, value: Buffer.from('b') }])
      await append(['c'])
      const { ready, live } = await start(handler, { stallTimeoutMs: 100, heldBackAfterMs: 200 })
      expect(await until(ready, { what: 'it says for what it waits' })).to.match(
        /\/0: a transaction of some producer has been open for \S+ s or longer, .* none of the 2 records from offset 1 on/,
      )
      expect([seen, live()]).to.deep.equal([['a'], undefined])
      await transaction.commit()
      await committed(4n)
      await until(() => ready() === undefined, { what: 'it is ready again' })
    })

    it('seeks to where the handler says it stands', async () => {
      let stored = 0n
      const seen: string[] = []
      const handler: Handler<string> = {
        decode: ({ value }) => value?.toString() ?? '',
        startAt: (_, partition) => (partition === 0 ? 2n : undefined),
        async handle({ from, next, messages }) {
          if (from !== stored) throw new OutOfPosition(stored)
          seen.push(...messages.map(({ value }) => value))
          stored = next
        },
      }
      await append(['a', 'b', 'c'])
      await start(handler)
      await committed(3n)
      expect(seen).to.deep.equal(['a', 'b', 'c'])
    })

    it('refuses to read on from a stored position that lies outside the log', async () => {
      const { handler } = counter()
      await append(['a', 'b'])
      let caught: unknown
      await start({ ...handler, startAt: () => 7n }).catch((error) => {
        caught = error
      })
      expect(caught).to.be.instanceOf(StopProcess)
      expect(caught).to.have.property('exitCode', 65)
    })
  })
}
