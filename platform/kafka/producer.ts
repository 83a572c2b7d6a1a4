// A producer of KafkaJS that is handed records by the batch and says where they were written.
import type { IHeaders, Kafka, Message, PartitionerArgs, PartitionMetadata, RecordMetadata } from 'kafkajs'
import type { MeasuredRecord } from '#kafkajs-fast/new-record'
import { partitioner } from '#kafkajs-fast/partitioner'
import { ProducerBatch } from '#kafkajs-fast/produce'
import type { NewRecord, Written } from '#records/record-log'
import { RETRY } from './client.ts'

export type BatchProducer = {
  /** One request to each broker that leads a partition of them. Where each record lies is told in the records' order. */
  send(topic: string, records: MeasuredRecord[]): Promise<Written[]>
  disconnect(): Promise<void>
}

/** What KafkaJS is handed: records of one partition, of which the first one's key decides where none is named. */
type Outgoing = Message & { record: NewRecord }

/** Connects. @param fast whether records are written here, or by KafkaJS */
export async function connectProducer(kafka: Kafka, fast = true): Promise<BatchProducer> {
  const choose = partitioner()
  /** As KafkaJS knew them when it last sent: it keeps up with what becomes of them. */
  const topics = new Map<string, readonly PartitionMetadata[]>()

  function partitionFor({ topic, partitionMetadata, message }: PartitionerArgs): number {
    topics.set(topic, partitionMetadata)
    message.partition ??= choose(topic, partitionMetadata)((message as Outgoing).record)
    return message.partition
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
      // KafkaJS cannot write a header without a value: such records are written here in any case.
      const asBatches = fast || records.some(({ headers }) => headers.includes(null))
      if (known === undefined || !asBatches) {
        // Each is a message: KafkaJS asks the partitioner above for it, also while nobody knows the partitions yet.
        const messages = records.map((record) => (asBatches ? new ProducerBatch([record]) : messageOf(record)))
        const answers = await producer.send({ topic, acks: -1, messages })
        return writtenTo(
          messages.map(({ partition }) => partition as number),
          answers,
        )
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

function messageOf({ record }: MeasuredRecord): Outgoing {
  const { key, value, headers, repeatedHeaders, partition } = record
  return { record, key, value, headers: { ...headers, ...repeatedHeaders } as IHeaders, ...(partition !== undefined && { partition }) }
}

/** The records of a partition follow each other from the offset that the broker says. */
function writtenTo(partitions: number[], answers: RecordMetadata[]): Written[] {
  const next = new Map(answers.map(({ partition, baseOffset }) => [partition, BigInt(baseOffset ?? -1)]))
  return partitions.map((partition) => {
    const offset = next.get(partition)
    // KafkaJS leaves out partitions that are gone, and those whose new leader had answered already when it tried again.
    if (offset === undefined)
      throw new Error(`the answer to a produce request had no result for partition ${partition}: its records may or may not be written`)
    next.set(partition, offset + 1n)
    return { partition, offset }
  })
}
