import { expect } from 'chai'
import kafkajs from 'kafkajs'
import { stack } from '../../test/support/stack.ts'
import { until } from '../../test/support/until.ts'
import { kafkaClient } from '../kafka/client.ts'
import { createLog } from '../process/log.ts'
import type { LogRecord } from '../records/record-log.ts'
import { testKafka } from './support/kafka.ts'

const { CompressionTypes } = kafkajs

describe('the Kafka client', () => {
  const kafka = testKafka('client')
  const { recordLog, admin } = kafka
  const warnings: string[] = []
  const note = ({ name, message }: Error) => warnings.push(`${name}: ${message}`)

  before(async () => {
    process.on('warning', note)
    await kafka.connect()
  })
  after(async () => {
    process.off('warning', note)
    await kafka.close()
  })

  /** A topic whose batches the broker compresses anew. */
  async function topicOf(compression: string): Promise<string> {
    const topic = kafka.uniqueName()
    await kafka.createTopic(topic, 1, [{ name: 'compression.type', value: compression }])
    return topic
  }
  async function reading(topic: string) {
    const seen: LogRecord[] = []
    const consumer = await recordLog.subscribe({
      topics: [topic],
      group: kafka.uniqueName(),
      temporary: true,
      startAt: () => 0n,
      async onBatch({ records }) {
        seen.push(...records)
      },
    })
    return { consumer, seen }
  }
  const values = Array.from({ length: 100 }, (_, n) => Buffer.from(`value ${n} `.repeat(50)))
  const append = (topic: string) =>
    recordLog.append(
      topic,
      values.map((value) => ({ key: null, value })),
    )

  for (const compression of ['zstd', 'gzip', 'uncompressed']) {
    it(`reads what the broker keeps ${compression}`, async () => {
      const topic = await topicOf(compression)
      await append(topic)
      const { consumer, seen } = await reading(topic)
      await until(() => seen.length === values.length, { what: 'all come' })
      await consumer.stop()
      expect(seen.map(({ value }) => value)).to.deep.equal(values)
    })
  }

  for (const type of [CompressionTypes.GZIP, CompressionTypes.ZSTD, CompressionTypes.None]) {
    it(`reads batches that a producer wrote with codec ${type}`, async () => {
      const topic = await kafka.newTopic(1)
      const producer = kafkaClient({ brokers: [stack.kafka], clientId: 'foreign', log: createLog('test', 'silent') }).producer()
      await producer.connect()
      await producer.send({ topic, compression: type, messages: values.map((value) => ({ value })) })
      await producer.disconnect()
      const { consumer, seen } = await reading(topic)
      await until(() => seen.length === values.length, { what: 'all come' })
      await consumer.stop()
      expect(seen.map(({ value }) => value)).to.deep.equal(values)
    })
  }

  for (const compression of ['snappy', 'lz4']) {
    it(`ends by a fault that names ${compression} rather than stand still`, async () => {
      const topic = await topicOf(compression)
      await append(topic)
      const { consumer, seen } = await reading(topic)
      const fault = await consumer.ended.catch((error) => error)
      expect(fault.message).to.contain(`compressed with ${compression}`)
      expect(seen).to.deep.equal([])
      await consumer.stop()
    })
  }

  it('leaves no temporary group behind', async () => {
    const topic = await kafka.newTopic(1)
    const group = kafka.uniqueName()
    const consumer = await recordLog.subscribe({ topics: [topic], group, temporary: true, startAt: () => 0n, onBatch: async () => {} })
    const groups = async () => (await admin.listGroups()).groups.map(({ groupId }) => groupId)
    expect(await groups()).to.include(group)
    await consumer.stop()
    expect(await groups()).not.to.include(group)
  })

  it('sets no timer of negative length, of which Node would warn', () => {
    expect(warnings).to.deep.equal([])
  })
})
