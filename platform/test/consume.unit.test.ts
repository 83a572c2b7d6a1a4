import { systemClock } from '@tally/platform/clock'
import { type Consuming, consume, type Handler, type Slice } from '@tally/platform/consume'
import { readDeadLetter } from '@tally/platform/dead-letter'
import { InvalidMessage, OutOfPosition, RejectedRecords, StopProcess, Unavailable } from '@tally/platform/errors'
import { createLog } from '@tally/platform/log'
import { type MemoryLog, memoryLog } from '@tally/platform/memory-log'
import type { Policy } from '@tally/platform/policy'
import type { LogRecord } from '@tally/platform/record-log'
import { expect } from 'chai'
import { Registry } from 'prom-client'
import { until } from '../../test/support/until.ts'

const TOPIC = 'readings'
const GROUP = 'counter'
const FAST: Partial<Policy> = { firstBackoffMs: 2, maxBackoffMs: 4, unavailableDeadlineMs: 50 }

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

describe('consume', () => {
  let log: MemoryLog
  let consuming: Consuming | undefined

  beforeEach(() => {
    log = memoryLog({ clock: systemClock })
    log.createTopic(TOPIC, 2)
    log.createTopic(`${TOPIC}-${GROUP}-dlq`, 1)
  })
  afterEach(async () => {
    await consuming?.stop().catch(() => {})
    consuming = undefined
    await log.close()
  })

  const append = (texts: string[], partition = 0, headers = {}) =>
    log.append(
      TOPIC,
      texts.map((text) => ({ key: null, value: Buffer.from(text), headers, partition })),
    )
  const start = async (handler: Handler<string>, policy: Partial<Policy> = {}) => {
    consuming = await consume({
      recordLog: log,
      topics: [TOPIC],
      group: GROUP,
      handler,
      clock: systemClock,
      log: createLog('test', 'silent'),
      metrics: new Registry(),
      policy: { ...FAST, ...policy },
    })
    return consuming
  }
  const committed = (nextOffset: bigint, partition = 0) =>
    until(() => log.committed(GROUP, TOPIC, partition) === nextOffset, { what: `${nextOffset} is committed`, timeoutMs: 5_000, everyMs: 2 })
  const letters = () => log.records(`${TOPIC}-${GROUP}-dlq`).map((record) => readDeadLetter(record))
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
    const [letter] = letters()
    expect(letter).to.deep.include({ topic: TOPIC, partition: 0, offset: 1n, group: GROUP, reason: 'undecodable', attempts: 1, replays: 0 })
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
        if (bad.length > 0) throw new RejectedRecords(new Map(bad.map(({ record }) => [record.offset, new InvalidMessage('too-old', 'x')])))
        seen.push(...messages.map(({ value }) => value))
      },
    }
    await append(['a', 'old', 'b', 'old'])
    await start(handler)
    await committed(4n)
    expect(seen).to.deep.equal(['a', 'b'])
    expect(letters().map((letter) => [letter?.offset, letter?.reason])).to.deep.equal([
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
    expect(ready()).to.equal(undefined)
    expect(letters()).to.deep.equal([])
  })

  it('stops the process past the deadline with nothing committed', async () => {
    const { handler } = counter(() => {
      throw new Unavailable('the database is away')
    })
    await append(['a'])
    const error = await fault(await start(handler))
    expect(error).to.be.instanceOf(StopProcess)
    expect(log.committed(GROUP, TOPIC, 0)).to.equal(undefined)
    expect(letters()).to.deep.equal([])
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
    expect(letters()).to.deep.equal([])
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
    expect(letters()).to.have.lengthOf(1)
    expect(letters()[0]).to.deep.include({ offset: 13n, reason: 'handler-failed', exception: 'TypeError', message: 'cannot read' })
    expect(letters()[0]?.attempts).to.be.at.least(3)
  })

  it('stops before it writes the letters when too many records in a row fail, and commits nothing past them', async () => {
    const { handler } = counter()
    await append(['a'])
    await start(handler, { dlqInARow: 5 })
    await committed(1n)
    await append(Array.from({ length: 6 }, (_, n) => `undecodable ${n}`))
    const error = await fault(consuming as Consuming)
    expect(error).to.be.instanceOf(StopProcess)
    expect(error.message).to.include('DLQ_MAX_IN_A_ROW')
    expect(letters()).to.deep.equal([])
    expect(log.committed(GROUP, TOPIC, 0)).to.equal(1n)
  })

  it('stops when a share of the last records fails', async () => {
    const { handler } = counter()
    await append(Array.from({ length: 40 }, (_, n) => (n % 2 === 0 ? `undecodable ${n}` : `r${n}`)))
    const error = await fault(await start(handler, { dlqWindow: 50, dlqShare: 0.2 }))
    expect(error).to.be.instanceOf(StopProcess)
    expect(letters()).to.deep.equal([])
  })

  it('stops when a dead letter is not acknowledged, with nothing committed past it', async () => {
    const { handler } = counter()
    log.faults.append = (topic) => (topic === TOPIC ? undefined : new Unavailable('no acknowledgement'))
    await append(['a', 'undecodable'])
    const error = await fault(await start(handler))
    expect(error).to.be.instanceOf(StopProcess)
    expect(log.committed(GROUP, TOPIC, 0)).to.equal(undefined)
  })

  it('writes a letter once although the handler has to be asked again', async () => {
    const { seen, handler } = counter((_, attempt) => {
      if (attempt < 3) throw new Unavailable('away')
    })
    await append(['undecodable', 'a'])
    await start(handler, { unavailableDeadlineMs: 60_000 })
    await committed(2n)
    expect(seen).to.deep.equal(['a'])
    expect(letters()).to.have.lengthOf(1)
  })

  it('commits nothing for a partition that was revoked meanwhile', async () => {
    const entered = Promise.withResolvers<void>()
    const release = Promise.withResolvers<void>()
    let first = true
    const handled: string[] = []
    const handler: Handler<string> = {
      decode: ({ value }) => value?.toString() ?? '',
      async handle({ messages }) {
        const mustWait = first
        first = false
        if (mustWait) {
          entered.resolve()
          await release.promise
          throw new Error('too late')
        }
        handled.push(...messages.map(({ value }) => value))
      },
    }
    await append(['a'])
    await start(handler)
    await entered.promise
    const rebalanced = log.rebalance(GROUP)
    expect(log.committed(GROUP, TOPIC, 0)).to.equal(undefined)
    release.resolve()
    await rebalanced
    await committed(1n)
    expect(handled).to.deep.equal(['a'])
    expect(letters()).to.deep.equal([])
  })

  it('ignores a replay that is addressed to another group, and handles one for its own', async () => {
    const { seen, handler } = counter()
    await append(['theirs'], 0, { 'replay.group': Buffer.from('somebody-else') })
    await append(['ours'], 0, { 'replay.group': Buffer.from(GROUP) })
    await start(handler)
    await committed(2n)
    expect(seen).to.deep.equal(['ours'])
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
