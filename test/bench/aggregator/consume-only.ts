// A process of its own: kafkajs alone reads the topic to its end, doing nothing or decoding every value.

import { avroDecoder } from '@tally/platform/avro/decode'
import { avroType } from '@tally/platform/avro/framing'
import { confluentRegistry } from '@tally/platform/avro/registry'
import { kafkaClient } from '@tally/platform/kafka/client'
import { createLog } from '@tally/platform/process/log'
import { schemaOf } from '@tally/schemas/contract/files'
import type { OrderPlaced } from '@tally/schemas/contract/order-placed'
import { ORDER_EVENTS } from '@tally/schemas/contract/topics'
import { config } from './config.ts'

const decoding = process.argv[2] === 'decode'
const decode = avroDecoder(confluentRegistry(config.SCHEMA_REGISTRY_URL), avroType<OrderPlaced>(schemaOf(ORDER_EVENTS)))
const kafka = kafkaClient({ brokers: config.KAFKA_BROKERS, clientId: 'bench', log: createLog('bench', 'silent') })
const consumer = kafka.consumer({ groupId: `bench-${process.pid}-${Date.now()}` })
const say = (what: string) => process.stdout.write(`{"msg":"${what}"}\n`)
let read = 0

consumer.on(consumer.events.GROUP_JOIN, () => say('assigned'))
await consumer.connect()
await consumer.subscribe({ topics: [ORDER_EVENTS], fromBeginning: true })
await consumer.run({
  autoCommit: false,
  async eachBatch({ batch: { messages } }) {
    if (decoding) {
      for (const { value } of messages) {
        const decoded = decode(value)
        if (decoded instanceof Promise) await decoded
      }
    }
    read += messages.length
    if (read === config.SCALE) say('done')
  },
})
process.on('SIGTERM', () => void consumer.disconnect())
