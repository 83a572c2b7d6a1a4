// A process of its own: makes order-events anew and fills it the way Connect does; prints what is to be counted, as JSON.
import { avroType, encodeFramed } from '@tally/platform/avro/framing'
import { confluentRegistry } from '@tally/platform/avro/registry'
import { kafkaClient } from '@tally/platform/kafka/client'
import { ensureTopics } from '@tally/platform/kafka/topics'
import { createLog } from '@tally/platform/process/log'
import { schemaOf } from '@tally/schemas/contract/files'
import type { OrderPlaced } from '@tally/schemas/contract/order-placed'
import { TOPICS } from '@tally/schemas/contract/topic-table'
import { ORDER_BUCKETS, ORDER_EVENTS, subjectOf } from '@tally/schemas/contract/topics'
import kafkajs, { type Message } from 'kafkajs'
import { until } from '../../support/until.ts'
import { config } from './config.ts'
import { madeOrders, PARTITIONS } from './made-orders.ts'

/** A batch of the producer is full at 16 KiB as compressed: about so many of these records. */
const RECORDS_PER_BATCH = 128
const AT_ONCE = 6

const kafka = kafkaClient({ brokers: config.KAFKA_BROKERS, clientId: 'bench', log: createLog('bench', 'silent') })
const categories = Number(process.argv[2])

async function remake(): Promise<void> {
  const admin = kafka.admin()
  await admin.connect()
  const topics = [ORDER_EVENTS, ORDER_BUCKETS]
  const there = await admin.listTopics()
  await admin.deleteTopics({ topics: topics.filter((topic) => there.includes(topic)) })
  await until(async () => !(await admin.listTopics()).some((topic) => topics.includes(topic)), {
    what: 'the topics are gone',
    timeoutMs: 30_000,
  })
  await admin.disconnect()
  await ensureTopics(config.KAFKA_BROKERS, TOPICS)
}

async function fill(): Promise<void> {
  const type = avroType<OrderPlaced>(schemaOf(ORDER_EVENTS))
  const schemaId = await confluentRegistry(config.SCHEMA_REGISTRY_URL).idOf(subjectOf(ORDER_EVENTS), schemaOf(ORDER_EVENTS))
  const made = madeOrders({ records: config.SCALE, categories, minutes: config.MINUTES, endMs: Date.now() })
  const producer = kafka.producer({ createPartitioner: kafkajs.Partitioners.DefaultPartitioner, maxInFlightRequests: AT_ONCE })
  await producer.connect()
  const filling = Array.from({ length: PARTITIONS }, (): Message[] => [])
  const sent = new Set<Promise<unknown>>()

  async function send(partition: number): Promise<void> {
    const messages = filling[partition] as Message[]
    filling[partition] = []
    const sending = producer.send({ topic: ORDER_EVENTS, acks: -1, compression: kafkajs.CompressionTypes.GZIP, messages })
    sent.add(sending)
    void sending.finally(() => sent.delete(sending))
    if (sent.size >= AT_ONCE) await Promise.race(sent)
  }

  for (let n = 0; n < config.SCALE; n += 1) {
    const { eventId, order, partition } = made.record(n)
    const messages = filling[partition] as Message[]
    messages.push({
      key: String(order.orderId),
      value: encodeFramed(schemaId, type, order),
      headers: { id: String(eventId), eventType: 'OrderPlaced', traceparent: made.traceparent() },
      partition,
    })
    if (messages.length === RECORDS_PER_BATCH) await send(partition)
  }
  for (let partition = 0; partition < PARTITIONS; partition += 1) if (filling[partition]?.length) await send(partition)
  await Promise.all(sent)
  await producer.disconnect()
  process.stdout.write(`${JSON.stringify(made.expected)}\n`)
}

await remake()
await fill()
