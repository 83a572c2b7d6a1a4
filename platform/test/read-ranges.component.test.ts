// Bounded reads, on Kafka.
import { randomUUID } from 'node:crypto'
import type { Range } from '@tally/dlq-replayer/letters/positions'
import { expect } from 'chai'
import { stack } from '../../test/support/stack.ts'
import { createTopics, deleteTopics } from '../../test/support/topics.ts'
import { kafkaLog } from '../kafka/log.ts'
import { createLog } from '../process/log.ts'
import { readRanges } from '../records/read-ranges.ts'

describe('reading ranges of a topic', () => {
  const topic = `test-ranges-${randomUUID()}`
  const log = kafkaLog({ brokers: [stack.kafka], clientId: 'test', log: createLog('test', 'silent') })
  before(async () => {
    await createTopics({ [topic]: 2 })
    for (const partition of [0, 1]) {
      await log.append(
        topic,
        Array.from({ length: 5_000 }, (_, n) => ({ key: null, value: Buffer.from(`${partition}/${n}`), partition })),
      )
    }
  })
  after(async () => {
    await log.close()
    await deleteTopics([topic])
  })

  const read = async (ranges: Range[]) => {
    const found: string[] = []
    for await (const { value } of readRanges(log, topic, ranges)) found.push(String(value))
    return found.sort()
  }
  const texts = (partition: number, from: number, next: number) => Array.from({ length: next - from }, (_, n) => `${partition}/${from + n}`)

  it('gives everything', async () => {
    const all = [0, 1].map((partition) => ({ partition, from: 0n, next: 5_000n }))
    expect(await read(all)).to.deep.equal([...texts(0, 0, 5_000), ...texts(1, 0, 5_000)].sort())
  })

  it('gives what lies within the ranges, near and far, and no more than is there', async () => {
    const ranges = [
      { partition: 0, from: 3n, next: 5n },
      { partition: 0, from: 7n, next: 8n },
      { partition: 0, from: 4_000n, next: 4_002n },
      { partition: 1, from: 4_998n, next: 9_000n },
    ]
    expect(await read(ranges)).to.deep.equal(
      [...texts(0, 3, 5), ...texts(0, 7, 8), ...texts(0, 4_000, 4_002), ...texts(1, 4_998, 5_000)].sort(),
    )
  })

  it('gives nothing for ranges that hold nothing', async () => {
    expect(await read([])).to.deep.equal([])
    expect(await read([{ partition: 1, from: 6_000n, next: 7_000n }])).to.deep.equal([])
  })

  it('can be left in the middle', async () => {
    for await (const { value } of readRanges(log, topic, [{ partition: 0, from: 0n, next: 5_000n }])) {
      expect(String(value)).to.equal('0/0')
      break
    }
  })
})
