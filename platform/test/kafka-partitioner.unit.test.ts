import { expect } from 'chai'
import fc from 'fast-check'
import kafkajs from 'kafkajs'
import theirMurmur2 from 'kafkajs/src/producer/partitioners/default/murmur2.js'
import { murmur2, partitioner } from '../kafkajs-fast/partitioner.ts'

const partitionsWith = (leaders: number[]) =>
  leaders.map((leader, partitionId) => ({ partitionErrorCode: 0, partitionId, leader, replicas: [], isr: [] }))
const key = fc.uint8Array({ maxLength: 60 }).map((array) => Buffer.from(array))

describe('the partition of a record', () => {
  it('is hashed as KafkaJS does', () => {
    fc.assert(
      fc.property(key, (key) => {
        expect(murmur2(key)).to.equal(theirMurmur2(key))
      }),
      { numRuns: 2_000 },
    )
  })

  it('is the one that KafkaJS chooses by the key, unless it is named', () => {
    const theirs = kafkajs.Partitioners.DefaultPartitioner()
    const choose = partitioner()
    const partition = fc.option(fc.nat(40), { nil: undefined })
    fc.assert(
      fc.property(key, partition, fc.array(fc.integer({ min: -1, max: 3 }), { minLength: 1, maxLength: 40 }), (key, partition, leaders) => {
        const partitionMetadata = partitionsWith(leaders)
        const record = { key, value: null, ...(partition !== undefined && { partition }) }
        expect(choose('t', partitionMetadata)(record)).to.equal(theirs({ topic: 't', partitionMetadata, message: record }))
      }),
    )
  })

  it('goes round those that have a leader without a key, from call to call', () => {
    const choose = partitioner()
    const next = () => choose('t', partitionsWith([1, -1, 2, 1]))({ key: null, value: null })
    const chosen = Array.from({ length: 6 }, next)
    const first = [0, 2, 3].indexOf(chosen[0] as number)
    expect(chosen).to.deep.equal(Array.from({ length: 6 }, (_, n) => [0, 2, 3][(first + n) % 3]))
    const all = Array.from({ length: 2 }, () => choose('leaderless', partitionsWith([-1, -1]))({ key: null, value: null }))
    expect(all.sort()).to.deep.equal([0, 1])
  })
})
