// From heartbeats in the log to targets of counting.
import { createLog } from '@tally/platform/process/log'
import { type MemoryLog, memoryLog } from '@tally/platform/test-support/memory-log'
import { HEARTBEATS, ORDER_EVENTS } from '@tally/schemas/contract/topics'
import { expect } from 'chai'
import { until } from '../../test/support/until.ts'
import type { Target } from '../as-of/as-of.ts'
import { type FollowAsOf, followAsOf } from '../as-of/follow-as-of.ts'
import { handClock, NOW } from './support/orders.ts'

describe('following asOf', () => {
  let recordLog: MemoryLog
  let following: FollowAsOf | undefined
  let targets: Target[]
  let clock: ReturnType<typeof handClock>
  let ahead: number[]
  const beat = (at: number, lsn: number, confirmed: number) =>
    recordLog.append(HEARTBEATS, [
      { key: null, value: Buffer.from(JSON.stringify({ after: { id: 1, at, confirmed_lsn: confirmed }, source: { lsn } })) },
    ])
  const order = () => recordLog.append(ORDER_EVENTS, [{ key: null, value: null, partition: 1 }])
  const follow = async () => {
    following = await followAsOf({
      ...{ recordLog, clock, log: createLog('test', 'silent') },
      aimAt: (target) => targets.push(target),
      onAhead: (ms) => ahead.push(ms),
    })
  }
  const seen = (asOf: bigint) => until(() => targets.find((target) => target.asOf === asOf), { what: `a target of ${asOf}` })
  beforeEach(() => {
    clock = handClock()
    recordLog = memoryLog({ clock })
    recordLog.createTopic(HEARTBEATS, 1)
    recordLog.createTopic(ORDER_EVENTS, 2)
    targets = []
    ahead = []
  })
  afterEach(() => following?.stop())

  it('aims at the ends of order-events as they are once a heartbeat is confirmed', async () => {
    await follow()
    await order()
    await beat(1, 100, 0)
    await order()
    await beat(2, 200, 150)
    const { ends } = await seen(1n)
    expect([...ends]).to.deep.equal([
      [0, 0n],
      [1, 2n],
    ])
  })

  it('aims behind records that nobody can read yet, since a transaction of somebody else is open', async () => {
    await follow()
    const transaction = await recordLog.transaction(ORDER_EVENTS, 1, [{ key: null, value: null }])
    await order()
    await beat(1, 100, 0)
    await beat(2, 200, 150)
    expect((await seen(1n)).ends.get(1)).to.equal(2n)
    await transaction.abort()
  })

  it('aims at nothing new while the confirmed position stands still', async () => {
    await follow()
    for (let at = 1; at < 20; at += 1) await beat(at, at * 10, 5)
    await beat(20, 200, 25)
    await seen(2n)
    expect(targets.map(({ asOf }) => asOf)).to.deep.equal([2n])
  })

  it('never aims at the time of a heartbeat that is ahead of the own clock, and says so until the clocks agree again', async () => {
    const at = (ms: number) => (NOW + ms) * 1_000
    await follow()
    await beat(at(0), 100, 0)
    await beat(at(30 * 86_400_000), 200, 100)
    await seen(BigInt(at(0)))
    expect([following?.ready(), ahead.at(-1)]).to.deep.equal([
      'the clock of the database is ahead of the clock of this host: its heartbeats are not believed, and asOf does not move (2592000 s ahead)',
      30 * 86_400_000,
    ])
    await beat(at(2_000), 300, 200)
    await beat(at(3_000), 400, 300)
    await seen(BigInt(at(2_000)))
    expect([following?.ready(), ahead.at(-1)]).to.deep.equal([undefined, 0])
    expect(targets.map(({ asOf }) => asOf)).to.deep.equal([BigInt(at(0)), BigInt(at(2_000))])
  })

  it('believes a clock that is a few seconds ahead, as clocks are', async () => {
    await follow()
    await beat((NOW + 9_000) * 1_000, 100, 0)
    await beat((NOW + 9_100) * 1_000, 200, 100)
    await seen(BigInt((NOW + 9_000) * 1_000))
    expect(following?.ready()).to.equal(undefined)
  })

  it('passes over what is no heartbeat', async () => {
    await follow()
    await recordLog.append(HEARTBEATS, [
      { key: null, value: Buffer.from('{') },
      { key: null, value: null },
    ])
    await beat(1, 100, 0)
    await beat(2, 200, 100)
    await seen(1n)
  })

  it('starts near the end of a long topic', async () => {
    for (let at = 1; at <= 100; at += 1) await beat(at, at * 10, at * 10 - 10)
    await follow()
    await beat(101, 1_010, 1_000)
    await seen(100n)
    expect(targets[0]?.asOf).to.be.oneOf(Array.from({ length: 12 }, (_, n) => BigInt(89 + n)))
  })

  it('waits for the next heartbeat when the broker does not tell the ends', async () => {
    await follow()
    await beat(1, 100, 0)
    const { bounds } = recordLog
    let asked = 0
    recordLog.bounds = async (topic) => {
      asked += 1
      if (asked === 1) throw new Error('the broker is away')
      return bounds(topic)
    }
    await beat(2, 200, 100)
    await until(() => asked === 1, { what: 'the ends were asked for' })
    await beat(3, 300, 100)
    await seen(1n)
  })
})
