import { InvalidMessage } from '@tally/platform/process/errors'
import type { LogRecord } from '@tally/platform/records/record-log'
import { memoryLog } from '@tally/platform/test-support/memory-log'
import { expect } from 'chai'
import { recordLine } from '../topics/record-line.ts'
import { type Selection, selectRecords } from '../topics/select-records.ts'

describe('make tail', () => {
  const topic = 'sales'
  const clock = { at: Date.parse('2026-11-24T08:00:00Z'), now: () => clock.at }
  const log = memoryLog({ clock })

  before(async () => {
    log.createTopic(topic, 2)
    for (let n = 0; n < 6; n += 1) {
      clock.at += 60_000
      await log.append(topic, [{ partition: n % 2, key: Buffer.from(`k${n % 3}`), value: Buffer.from([n]) }])
    }
  })

  after(() => log.close())

  async function shown(selection: Partial<Selection>): Promise<number[]> {
    const values: number[] = []
    const all = { topic, from: undefined, count: Number.MAX_SAFE_INTEGER, key: undefined, ...selection }
    for await (const { value } of selectRecords(log, all)) values.push(value?.[0] ?? -1)
    return values
  }

  it('shows the newest records of all partitions, in order of time', async () => {
    expect(await shown({ count: 3 })).to.deep.equal([3, 4, 5])
    expect(await shown({ count: 100 })).to.deep.equal([0, 1, 2, 3, 4, 5])
  })

  it('shows the newest records of a key', async () => {
    expect(await shown({ count: 1, key: 'k1' })).to.deep.equal([4])
  })

  it('shows records from the start, an offset, a partition’s offset or a time on', async () => {
    expect((await shown({ from: { start: true } })).sort()).to.deep.equal([0, 1, 2, 3, 4, 5])
    expect((await shown({ from: { offset: 2n, partition: undefined } })).sort()).to.deep.equal([4, 5])
    expect(await shown({ from: { offset: 1n, partition: 1 } })).to.deep.equal([3, 5])
    expect((await shown({ from: { timeMs: Date.parse('2026-11-24T08:05:00Z') } })).sort()).to.deep.equal([4, 5])
  })

  it('shows no more than asked for', async () => {
    expect(await shown({ from: { offset: 0n, partition: 0 }, count: 2 })).to.deep.equal([0, 2])
  })
})

describe('a record as a line', () => {
  const record = (over: Partial<LogRecord>): LogRecord => ({
    topic: 'sales',
    partition: 1,
    offset: 7n,
    timestamp: Date.parse('2026-11-24T08:00:00Z'),
    key: Buffer.from('42'),
    value: Buffer.from([0, 0, 0, 0, 9, 1]),
    headers: { id: Buffer.from('42'), raw: Buffer.from([0xff]) },
    ...over,
  })
  const line = async (over: Partial<LogRecord>, decode = async (): Promise<unknown> => ({ orderId: 2n ** 60n, lines: [{ price: 1n }] })) =>
    JSON.parse(await recordLine(record(over), decode))

  it('has longs as decimal text and headers as text', async () => {
    expect(await line({})).to.deep.equal({
      topic: 'sales',
      partition: 1,
      offset: '7',
      timestamp: '2026-11-24T08:00:00Z',
      key: '42',
      headers: { id: '42', raw: '0xff' },
      schemaId: 9,
      value: { orderId: '1152921504606846976', lines: [{ price: '1' }] },
    })
  })

  it('shows what cannot be decoded as hex, and why', async () => {
    const refuse = async () => {
      throw new InvalidMessage('unknown-schema', 'the registry has no schema 9')
    }
    expect(await line({}, refuse)).to.include({
      schemaId: 9,
      valueHex: '000000000901',
      undecodable: 'unknown-schema: the registry has no schema 9',
    })
    expect(await line({ value: Buffer.from([1, 2]) }))
      .to.include({ valueHex: '0102' })
      .and.have.property('undecodable')
  })

  it('shows a tombstone as null and JSON as it is', async () => {
    expect(await line({ value: null, key: null })).to.include({ value: null, key: null })
    expect((await line({ value: Buffer.from('{"at":"now"}') })).value).to.deep.equal({ at: 'now' })
  })
})
