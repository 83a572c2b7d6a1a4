// What a producer makes of KafkaJS's answers.

import { expect } from 'chai'
import type { Kafka, PartitionMetadata, Producer, ProducerConfig, ProducerRecord, RecordMetadata } from 'kafkajs'
import { connectProducer } from '../kafka/producer.ts'
import { measured } from '../kafkajs-fast/new-record.ts'

const PARTITIONS = [0, 1].map((partitionId) => ({ partitionId, leader: 1 }) as PartitionMetadata)
const record = (partition: number) => measured({ key: null, value: Buffer.from('v'), partition })

/** KafkaJS with a broker that answers for these partitions only, whatever it was sent. */
function answering(partitions: number[]): Kafka {
  const producer = ({ createPartitioner }: ProducerConfig) => ({
    connect: async () => {},
    async send({ topic, messages }: ProducerRecord): Promise<RecordMetadata[]> {
      for (const message of messages) createPartitioner?.()({ topic, partitionMetadata: PARTITIONS, message })
      return partitions.map((partition) => ({ topicName: topic, partition, errorCode: 0, baseOffset: String(10 * (partition + 1)) }))
    },
  })
  return { producer: (config: ProducerConfig) => producer(config) as unknown as Producer } as Kafka
}

describe('a producer of batches', () => {
  it('says where each record lies, with the first request to a topic and the next', async () => {
    const producer = await connectProducer(answering([0, 1]))
    for (let request = 0; request < 2; request += 1)
      expect(await producer.send('t', [record(1), record(0), record(1)])).to.deep.equal([
        { partition: 1, offset: 20n },
        { partition: 0, offset: 10n },
        { partition: 1, offset: 21n },
      ])
  })

  it('fails when nobody answered for a partition, as KafkaJS takes for done after a new leader was found', async () => {
    const producer = await connectProducer(answering([0]))
    await producer.send('t', [record(0)])
    const failed = await producer.send('t', [record(0), record(1)]).catch((error: Error) => error)
    expect(failed)
      .to.be.an('error')
      .with.property('message', 'the answer to a produce request had no result for partition 1: its records may or may not be written')
  })
})
