// The limit of dead letters under replays: they are no part of it, and yet not without an end.

import { expect } from 'chai'
import { Registry } from 'prom-client'
import { deadLetters } from '../loop/dead-letters.ts'
import { consumeMetrics } from '../loop/metrics.ts'
import { newPartition } from '../loop/partition.ts'
import { DEFAULT_POLICY } from '../loop/policy.ts'
import { systemClock } from '../process/clock.ts'
import { StopProcess } from '../process/errors.ts'
import { createLog } from '../process/log.ts'
import type { Headers, LogRecord } from '../records/record-log.ts'
import { memoryLog } from '../test-support/memory-log.ts'

const REPLAYED: Headers = { 'replay.run': Buffer.from('r'), 'replay.letter': Buffer.from('0/7'), 'dlq.replays': Buffer.from('1') }

function writing() {
  const recordLog = memoryLog({ clock: systemClock })
  recordLog.createTopic('t-g-dlq', 1)
  const metrics = consumeMetrics(new Registry())
  const options = { recordLog, group: 'g', clock: systemClock, log: createLog('test', 'silent'), metrics, policy: DEFAULT_POLICY }
  const writer = deadLetters(options)
  const partition = newPartition({ topic: 't', partition: 0 }, 0)
  let next = 0n
  const records = (count: number, headers: Headers): LogRecord[] =>
    Array.from({ length: count }, () => {
      const offset = next
      next += 1n
      return { topic: 't', partition: 0, offset, timestamp: 0, key: null, value: null, headers }
    })
  return {
    letters: () => recordLog.records('t-g-dlq').length,
    handled: (count: number, headers: Headers = {}) => writer.settled(partition, records(count, headers)),
    /** What it threw, if anything. */
    async failed(count: number, headers: Headers = {}): Promise<unknown> {
      const some = records(count, headers)
      const faults = new Map(some.map((record) => [record, { reason: 'unreadable', error: new Error('no'), attempts: 1 }]))
      const fault = await writer.write(partition, some, faults).then(
        () => undefined,
        (error: unknown) => error,
      )
      if (fault === undefined) writer.settled(partition, some)
      return fault
    },
  }
}

describe('the limit of dead letters of a group', () => {
  it('takes no part of replayed records that fail', async () => {
    const { failed, letters } = writing()
    expect(await failed(50)).to.equal(undefined)
    expect(await failed(5_000, REPLAYED)).to.equal(undefined)
    expect(letters()).to.equal(5_050)
    expect(await failed(1)).to.be.instanceOf(StopProcess)
  })

  it('is not made wider by replayed records that are handled', async () => {
    const { failed, handled } = writing()
    expect(await failed(50)).to.equal(undefined)
    handled(5_000, REPLAYED)
    expect(await failed(1)).to.be.instanceOf(StopProcess)
  })

  it('ends replayed records too, when so many fail in a row that no run can have sent them', async () => {
    const { failed, handled, letters } = writing()
    expect(await failed(20_000, REPLAYED)).to.equal(undefined)
    handled(10_000)
    const fault = await failed(1, REPLAYED)
    expect(fault).to.be.instanceOf(StopProcess)
    expect(String(fault)).to.contain('20001 replayed records in a row').and.contain('Find what writes them')
    expect(letters()).to.equal(20_000)
  })

  it('counts the replays in a row anew behind one that is handled', async () => {
    const { failed, handled } = writing()
    expect(await failed(20_000, REPLAYED)).to.equal(undefined)
    handled(1, REPLAYED)
    expect(await failed(20_000, REPLAYED)).to.equal(undefined)
  })

  for (const [name, text] of [
    ['replay.run', ''],
    ['replay.letter', 'somewhere'],
    ['dlq.replays', '0'],
  ] as const) {
    it(`holds for records whose header ${name} is "${text}": no replay has that`, async () => {
      const { failed } = writing()
      expect(await failed(51, { ...REPLAYED, [name]: Buffer.from(text) })).to.be.instanceOf(StopProcess)
    })
  }
})
