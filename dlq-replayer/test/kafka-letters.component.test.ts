// What the replayer asks of topics, on Kafka.

import { ORDER_BUCKETS, ORDER_EVENTS } from '@tally/schemas/contract/topics'
import { expect } from 'chai'
import { testKafka } from '../../platform/test/support/kafka.ts'
import { stack } from '../../test/support/stack.ts'
import { kafkaReplays } from '../adapters/kafka-letters.ts'
import { kafkaCompaction } from '../adapters/kafka-retention.ts'

describe('the topics that letters came from', () => {
  const kafka = testKafka('replays')
  before(() => kafka.connect())
  after(() => kafka.close())

  it('are compacted or not', async () => {
    const isCompacted = kafkaCompaction([stack.kafka])
    expect([await isCompacted(ORDER_BUCKETS), await isCompacted(ORDER_EVENTS)]).to.deep.equal([true, false])
  })

  it('tell the newest record of a key that no run wrote, and which replay lies where', async () => {
    const topic = await kafka.newTopic(2)
    const replays = kafkaReplays(kafka.recordLog, async () => true)
    const record = (partition: number, key: string, value: string, headers = {}) => {
      return { partition, key: Buffer.from(key), value: Buffer.from(value), headers }
    }
    const replayed = { 'replay.run': Buffer.from('r'), 'replay.letter': Buffer.from('0/7') }
    await replays.append(topic, [record(0, 'a', 'a1'), record(0, 'b', 'b1'), record(1, 'c', 'c1')])
    await replays.append(topic, [record(0, 'a', 'a2'), record(0, 'b', 'b2', replayed), record(1, 'c', 'c2')])
    const newest = async (since: [number, bigint][], except: string[] = []) =>
      [...(await replays.newestOf(topic, new Map(since), new Set(['a', 'b', 'c']), new Set(except)))].map(([, { value }]) => String(value))
    expect(await newest([[0, 0n]])).to.have.members(['a2', 'b1'])
    expect(await newest([[0, 2n]])).to.have.members(['a2'])
    expect(await newest([[0, 0n]], ['0/2'])).to.have.members(['a1', 'b1'])
    expect(await newest([[-1, 0n]])).to.have.members(['a2', 'b1', 'c2'])
    const at = await replays.replaysAt(
      topic,
      [2n, 3n].map((offset) => ({ partition: 0, offset })),
    )
    expect([...at]).to.deep.equal([['0/3', { run: 'r', letter: '0/7' }]])
    expect([...(await replays.sentSince(topic, new Map(), 'r'))]).to.deep.equal([['0/7', { partition: 0, offset: 3n }]])
  })
})
