// A producer of KafkaJS that is handed records by the batch and says where they were written.
import type { Kafka, PartitionerArgs, PartitionMetadata, RecordMetadata } from 'kafkajs'
import type { MeasuredRecord } from '#kafkajs-fast/new-record'
import { partitioner } from '#kafkajs-fast/partitioner'
import { ProducerBatch } from '#kafkajs-fast/produce'
import type { Written } from '#records/record-log'
import { RETRY } from './client.ts'

export type BatchProducer = {
  /** One request to each broker that leads a partition of them. Where each record lies is told in the records' order. */
  send(topic: string, records: MeasuredRecord[]): Promise<Written[]>
  disconnect(): Promise<void>
}

/** Connects. */
export async function connectProducer(kafka: Kafka): Promise<BatchProducer> {
  const choose = partitioner()
  /** As KafkaJS knew them when it last sent: it keeps up with what becomes of them. */
  const topics = new Map<string, readonly PartitionMetadata[]>()

  function partitionFor({ topic, partitionMetadata, message }: PartitionerArgs): number {
    topics.set(topic, partitionMetadata)
    const batch = message as ProducerBatch
    batch.partition ??= choose(topic, partitionMetadata)((batch.records[0] as MeasuredRecord).record)
    return batch.partition
  }

  const producer = kafka.producer({
    createPartitioner: () => partitionFor,
    allowAutoTopicCreation: false,
    retry: RETRY,
  })
  await producer.connect()

  return {
    async send(topic, records) {
      const known = topics.get(topic)
      if (known === undefined) {
        // Nobody knows the partitions yet: each record is a batch, and the partitioner above is asked for it.
        const batches = records.map((record) => new ProducerBatch([record]))
        const answers = await producer.send({ topic, acks: -1, messages: batches })
        const chosen = batches.map(({ partition }) => partition as number)
        return writtenTo(chosen, answers)
      }
      const partitionOf = choose(topic, known)
      const chosen = records.map(({ record }) => partitionOf(record))
      const groups = Map.groupBy(records, (_, n) => chosen[n] as number)
      const batches = Array.from(groups, ([partition, of]) => new ProducerBatch(of, partition))
      return writtenTo(chosen, await producer.send({ topic, acks: -1, messages: batches }))
    },
    disconnect: () => producer.disconnect(),
  }
}

/** The records of a partition follow each other from the offset that the broker says. */
function writtenTo(partitions: number[], answers: RecordMetadata[]): Written[] {
  const next = new Map(answers.map(({ partition, baseOffset }) => [partition, BigInt(baseOffset ?? -1)]))
  return partitions.map((partition) => {
    const offset = next.get(partition)
    // KafkaJS leaves out partitions that are gone, and those whose new leader had answered already when it tried again.
    if (offset === undefined) throw new Error(`nobody said whether partition ${partition} was written`)
    next.set(partition, offset + 1n)
    return { partition, offset }
  })
}
