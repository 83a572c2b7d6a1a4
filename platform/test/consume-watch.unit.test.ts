import { expect } from 'chai'
import { Registry } from 'prom-client'
import { until } from '../../test/support/until.ts'
import type { Handler, Slice } from '../loop/handler.ts'
import { InvalidMessage, StopProcess, Unavailable } from '../process/errors.ts'
import { GROUP, TOPIC, textOf, world } from './support/consuming.ts'

const soon = { timeoutMs: 5_000, everyMs: 2 }

describe('consume, seen from beside', () => {
  let { log, metrics, clock, append, start, close } = world()
  beforeEach(() => {
    ;({ log, metrics, clock, append, start, close } = world())
  })
  afterEach(() => close())

  const keeping = () => {
    const slices: Slice<string>[] = []
    const handler: Handler<string> = {
      decode: textOf,
      handle: async (slice) => {
        slices.push(slice)
      },
    }
    return { slices, handler }
  }
  const committed = (nextOffset: bigint) =>
    until(() => log.committed(GROUP, TOPIC, 0) === nextOffset, { what: `${nextOffset} is committed`, ...soon })
  const lag = async (partition = 0) => {
    const text = await metrics.getSingleMetricAsString('consumer_lag_records')
    return Number(new RegExp(`partition="${partition}"} (\\d+)`).exec(text)?.[1] ?? Number.NaN)
  }

  it('counts a gap that compaction left to the slice behind it, so that positions have no holes', async () => {
    const { slices, handler } = keeping()
    await append(['a', 'b'])
    await start(handler)
    await committed(2n)
    log.faults.silent = true
    await append(['c', 'd', 'e'])
    log.compactAway(TOPIC, 0, 2n)
    log.faults.silent = false
    await append(['f'])
    await committed(6n)
    expect(slices.map(({ from, next }) => [from, next])).to.deep.equal([
      [0n, 2n],
      [2n, 6n],
    ])
  })

  it('stops when records were deleted before they were read', async () => {
    let away = true
    const handler: Handler<string> = {
      decode: textOf,
      async handle() {
        if (away) throw new Unavailable('away')
      },
    }
    await append(['a', 'b', 'c'])
    const { ended, ready } = await start(handler)
    await until(ready, { what: 'it waits', ...soon })
    log.trim(TOPIC, 0, 2n)
    away = false
    const fault = await ended.catch((error) => error)
    expect(fault).to.be.instanceOf(StopProcess).with.property('exitCode', 65)
    expect(fault.message).to.contain('deleted before they were read')
    expect(log.committed(GROUP, TOPIC, 0)).to.equal(undefined)
  })

  it('stops when the position leaves the log while no batch comes', async () => {
    const { handler } = keeping()
    const { ended } = await start({ ...handler, startAt: () => 0n })
    log.faults.silent = true
    await append(['a', 'b'])
    log.trim(TOPIC, 0, 2n)
    expect(await ended.catch((error) => error))
      .to.be.instanceOf(StopProcess)
      .with.property('exitCode', 65)
  })

  it('tells the lag while nothing is settled', async () => {
    let away = true
    const handler: Handler<string> = {
      decode: textOf,
      async handle() {
        if (away) throw new Unavailable('away')
      },
    }
    await append(['a'])
    const { ready } = await start(handler)
    await until(ready, { what: 'it waits', ...soon })
    await append(['b', 'c'])
    await until(async () => (await lag()) === 3, { what: 'lag is 3', ...soon })
    away = false
    await until(async () => (await lag()) === 0, { what: 'lag is 0', ...soon })
  })

  it('is not ready, but alive, while the log does not answer', async () => {
    const { handler } = keeping()
    const { ready, live } = await start(handler)
    expect(ready()).to.equal(undefined)
    log.faults.away = new Unavailable('no broker')
    expect(await until(ready, { what: 'readiness is false', ...soon })).to.equal('no broker')
    expect(live()).to.equal(undefined)
    log.faults.away = undefined
    await until(() => ready() === undefined, { what: 'it is ready again', ...soon })
  })

  it('ends the process when records wait and none comes', async () => {
    const { handler } = keeping()
    await append(['a'])
    const { live, ended } = await start(handler, { stallTimeoutMs: 30 })
    await committed(1n)
    expect(live()).to.equal(undefined)
    log.faults.silent = true
    await append(['b'])
    const fault = await ended.catch((error) => error)
    expect(fault).to.be.instanceOf(StopProcess).with.property('exitCode', 75)
    expect(fault.message).to.contain('lag 1 in readings/0, and no record was received for')
    expect(live()).to.contain('lag 1 in readings/0, and no record was received for')
    expect(await metrics.getSingleMetricAsString('consumer_stalled_seconds')).to.match(/partition="0"} 0\.03/)
  })

  it('does not take a process that was suspended for stalled', async () => {
    const { handler } = keeping()
    const { live } = await start({ ...handler, startAt: () => 0n }, { stallTimeoutMs: 60_000, watchEveryMs: 5 })
    log.faults.silent = true
    await append(['a'])
    await until(async () => (await lag()) === 1, { what: 'the record waits', ...soon })
    clock.ahead += 3_600_000
    await until(async () => /partition="0"} 0\.0[1-9]/.test(await metrics.getSingleMetricAsString('consumer_stalled_seconds')), {
      what: 'it was looked at again',
      ...soon,
    })
    expect(live()).to.equal(undefined)
  })

  it('is alive while a partition waits for something that is away', async () => {
    const handler: Handler<string> = {
      decode: textOf,
      async handle() {
        throw new Unavailable('away')
      },
    }
    await append(['a'])
    const { live, ready } = await start(handler, { stallTimeoutMs: 10, firstBackoffMs: 200, maxBackoffMs: 200 })
    await until(ready, { what: 'it waits', ...soon })
    const waitingSince = Date.now()
    await until(() => Date.now() - waitingSince > 60, { what: 'longer than a stall', ...soon })
    expect(live()).to.equal(undefined)
  })

  it('ends the process when the handler hangs', async () => {
    const release = Promise.withResolvers<void>()
    await append(['a'])
    const { ended } = await start({ decode: textOf, handle: () => release.promise }, { hangingAfterMs: 20 })
    const fault = await ended.catch((error) => error)
    expect(fault).to.be.instanceOf(StopProcess).with.property('exitCode', 75)
    expect(fault.message).to.contain(`${TOPIC}/0`)
    release.resolve()
  })

  it('lets a slow partition be slow: another one that waits for it has not stalled', async () => {
    const release = Promise.withResolvers<void>()
    const handler: Handler<string> = {
      decode: textOf,
      handle: ({ partition }) => (partition === 0 ? release.promise : Promise.resolve()),
      startAt: () => 0n,
    }
    await append(['slow'], 0)
    const { live } = await start(handler, { stallTimeoutMs: 10 })
    await until(async () => /records 1/.test(await metrics.getSingleMetricAsString('consumer_buffered_records')), {
      what: 'it is in hand',
      ...soon,
    })
    log.faults.silent = true
    await append(['waits'], 1)
    await until(async () => (await lag(1)) === 1, { what: 'lag is seen', ...soon })
    const since = Date.now()
    await until(() => Date.now() - since > 60, { what: 'longer than a stall', ...soon })
    expect(live()).to.equal(undefined)
    release.resolve()
  })

  it('fetches nothing while more records wait than may be buffered', async () => {
    const gates = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    const begun: number[] = []
    const handler: Handler<string> = {
      decode: textOf,
      async handle({ partition }) {
        begun.push(partition)
        await gates[partition]?.promise
      },
      startAt: () => 0n,
    }
    await append(['a', 'b', 'c'], 0)
    await start(handler, { maxBufferedRecords: 2 })
    await until(() => begun.length === 1, { what: 'the first is in hand', ...soon })
    await append(['d'], 1)
    await until(async () => (await lag(1)) === 1, { what: 'the other waits in the log', ...soon })
    expect(begun).to.deep.equal([0])
    gates[0]?.resolve()
    await until(() => begun.length === 2, { what: 'the other comes', ...soon })
    gates[1]?.resolve()
    await until(async () => /records 0/.test(await metrics.getSingleMetricAsString('consumer_buffered_records')), {
      what: 'all are done',
      ...soon,
    })
  })

  it('no longer waits for a partition that another member has now', async () => {
    let away = true
    const handled: string[] = []
    const handler: Handler<string> = {
      decode: textOf,
      async handle({ messages }) {
        if (away) throw new Unavailable('away')
        handled.push(...messages.map(({ value }) => value))
      },
    }
    await append(['stuck'], 1)
    const first = await start(handler, { firstBackoffMs: 60_000, maxBackoffMs: 60_000 })
    await until(first.ready, { what: 'it waits', ...soon })
    away = false
    const second = await start(handler, {}, new Registry())
    await until(() => handled.length === 1, { what: 'the other member handles it', ...soon })
    expect(first.ready()).to.equal(undefined)
    await second.stop()
    await append(['next'], 1)
    await until(() => handled.includes('next'), { what: 'the first member reads it again', ...soon })
  })

  it('commits nothing when the handler returns after the partition was revoked', async () => {
    const entered = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    const release = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    let calls = 0
    const handler: Handler<string> = {
      decode: textOf,
      async handle() {
        const call = calls++
        entered[call]?.resolve()
        await release[call]?.promise
      },
    }
    await append(['a'])
    await start(handler)
    await entered[0]?.promise
    const rebalanced = log.rebalance(GROUP)
    release[0]?.resolve()
    await rebalanced
    await entered[1]?.promise
    expect(log.committed(GROUP, TOPIC, 0)).to.equal(undefined)
    release[1]?.resolve()
    await committed(1n)
  })

  it('dead-letters nothing of a partition that was revoked meanwhile', async () => {
    const entered = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    const release = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    const letters = () => log.records(`${TOPIC}-${GROUP}-dlq`)
    let calls = 0
    const handler: Handler<string> = {
      async decode() {
        const call = calls++
        entered[call]?.resolve()
        await release[call]?.promise
        throw new InvalidMessage('undecodable', 'on purpose')
      },
      handle: async () => {},
    }
    await append(['a'])
    await start(handler)
    await entered[0]?.promise
    const rebalanced = log.rebalance(GROUP)
    release[0]?.resolve()
    await rebalanced
    await entered[1]?.promise
    expect(letters()).to.deep.equal([])
    release[1]?.resolve()
    await committed(1n)
    expect(letters()).to.have.length(1)
  })

  it('counts its rebalances', async () => {
    const { handler } = keeping()
    await start(handler)
    await log.rebalance(GROUP)
    expect(await metrics.getSingleMetricAsString('consumer_rebalances_total')).to.match(/total 2$/m)
  })

  it('does not pause a partition for what failed after it was revoked', async () => {
    const entered = Promise.withResolvers<void>()
    const release = Promise.withResolvers<void>()
    let calls = 0
    const handler: Handler<string> = {
      decode: textOf,
      async handle() {
        calls += 1
        if (calls > 1) return
        entered.resolve()
        await release.promise
        throw new Error('too late')
      },
    }
    await append(['a'])
    await start(handler, { firstBackoffMs: 60_000, maxBackoffMs: 60_000 })
    await entered.promise
    const rebalanced = log.rebalance(GROUP)
    release.resolve()
    await rebalanced
    await committed(1n)
  })

  it('ends by the StopProcess of the handler, with nothing committed', async () => {
    const fault = new StopProcess('the database was invalidated')
    await append(['a'])
    const { ended } = await start({ decode: textOf, handle: () => Promise.reject(fault) })
    expect(await ended.catch((error) => error)).to.equal(fault)
    expect(log.committed(GROUP, TOPIC, 0)).to.equal(undefined)
  })
})
