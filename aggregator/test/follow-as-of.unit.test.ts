// From heartbeats in the log to targets of counting.
import { createLog } from '@tally/platform/log'
import { type MemoryLog, memoryLog } from '@tally/platform/memory-log'
import type { LogConsumer } from '@tally/platform/record-log'
import { HEARTBEATS, ORDER_EVENTS } from '@tally/schemas/topics'
import { expect } from 'chai'
import { until } from '../../test/support/until.ts'
import type { Target } from '../src/as-of.ts'
import { followAsOf } from '../src/follow-as-of.ts'
import { handClock } from './support/orders.ts'

describe('following asOf', () => {
  let recordLog: MemoryLog
  let following: LogConsumer | undefined
  let targets: Target[]
  const beat = (at: number, lsn: number, confirmed: number) =>
    recordLog.append(HEARTBEATS, [
      { key: null, value: Buffer.from(JSON.stringify({ after: { id: 1, at, confirmed_lsn: confirmed }, source: { lsn } })) },
    ])
  const order = () => recordLog.append(ORDER_EVENTS, [{ key: null, value: null, partition: 1 }])
  const follow = async () => {
    following = await followAsOf({ recordLog, log: createLog('test', 'silent'), aimAt: (target) => targets.push(target) })
  }
  const seen = (asOf: bigint) => until(() => targets.find((target) => target.asOf === asOf), { what: `a target of ${asOf}` })
  beforeEach(() => {
    recordLog = memoryLog({ clock: handClock() })
    recordLog.createTopic(HEARTBEATS, 1)
    recordLog.createTopic(ORDER_EVENTS, 2)
    targets = []
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

  it('aims at nothing new while the confirmed position stands still', async () => {
    await follow()
    for (let at = 1; at < 20; at += 1) await beat(at, at * 10, 5)
    await beat(20, 200, 25)
    await seen(2n)
    expect(targets.map(({ asOf }) => asOf)).to.deep.equal([2n])
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
