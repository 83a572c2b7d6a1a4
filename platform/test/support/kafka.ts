// Kafka of the stack under test: topics of its own for each test, and an end to what the tests left there.
import { randomUUID } from 'node:crypto'
import kafkajs, { type IHeaders } from 'kafkajs'
import { stack } from '../../../test/support/stack.ts'
import { until } from '../../../test/support/until.ts'
import { kafkaLog } from '../../kafka/log.ts'
import { install } from '../../kafkajs-fast/install.ts'
import { createLog } from '../../process/log.ts'
import type { NewRecord } from '../../records/record-log.ts'
import type { OpenTransaction } from '../../test-support/memory-log.ts'

/** A record log and an admin client; `prefix` begins the names of all topics and groups. See install.ts for `fast`. */
export function testKafka(prefix: string, fast = true) {
  const recordLog = kafkaLog({ brokers: [stack.kafka], clientId: prefix, log: createLog(prefix, 'silent'), fast })
  const kafka = new kafkajs.Kafka({ brokers: [stack.kafka], logLevel: kafkajs.logLevel.NOTHING })
  const admin = kafka.admin()
  const topics: string[] = []

  async function createTopic(topic: string, numPartitions = 1, configEntries: { name: string; value: string }[] = []): Promise<void> {
    topics.push(topic)
    // KafkaJS's own wait for leaders fails when the topic is not known everywhere yet.
    await admin.createTopics({ waitForLeaders: false, topics: [{ topic, numPartitions, configEntries }] })
    await until(async () => (await recordLog.bounds(topic)).size === numPartitions, { what: `${topic} is there` })
  }

  return {
    recordLog,
    admin,
    async connect(): Promise<void> {
      install(fast)
      await admin.connect()
    },
    uniqueName: () => `${prefix}-${randomUUID()}`,
    createTopic,
    /** Appends within a transaction of a producer of its own, which is then left open. */
    async transaction(topic: string, partition: number, records: NewRecord[]): Promise<OpenTransaction> {
      const producer = kafka.producer({ transactionalId: `${prefix}-${randomUUID()}`, idempotent: true, maxInFlightRequests: 1 })
      await producer.connect()
      const transaction = await producer.transaction()
      await transaction.send({
        topic,
        messages: records.map(({ key, value, headers }) => ({ key, value, partition, headers: headers as IHeaders })),
      })
      const ended = (end: () => Promise<void>) => () => end().finally(() => producer.disconnect())
      return { commit: ended(() => transaction.commit()), abort: ended(() => transaction.abort()) }
    },
    async newTopic(partitions: number): Promise<string> {
      const topic = `${prefix}-${randomUUID()}`
      await createTopic(topic, partitions)
      return topic
    },
    async close(): Promise<void> {
      await recordLog.close()
      const { groups } = await admin.listGroups()
      const ours = groups.map(({ groupId }) => groupId).filter((id) => id.startsWith(prefix))
      await admin.deleteGroups(ours).catch(() => {})
      if (topics.length > 0) await admin.deleteTopics({ topics })
      await admin.disconnect()
      install(true)
    },
  }
}
