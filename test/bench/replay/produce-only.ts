// A process of its own: kafkajs alone produces the records that a replay sends, and says how many a second.
import { kafkaClient } from '@tally/platform/kafka/client'
import { createLog } from '@tally/platform/process/log'
import type { IHeaders } from 'kafkajs'
import kafkajs from 'kafkajs'
import { stack } from '../../support/stack.ts'
import { SCALE } from './config.ts'
import { replaysOf } from './letters.ts'

/** Sent at once: of 200 to 2 000 the fastest. */
const SLICE = 2_000
/** What the replayer runs by then, too, as V8 has made it of code that ran often. */
const WARM_UP = 20_000

const [topic = ''] = process.argv.slice(2)
const kafka = kafkaClient({ brokers: [stack.kafka], clientId: 'bench', log: createLog('bench', 'silent') })
const producer = kafka.producer({ createPartitioner: kafkajs.Partitioners.DefaultPartitioner, allowAutoTopicCreation: false })
const messages = replaysOf(SCALE).map(({ key, value, headers }) => ({ key, value, headers: headers as IHeaders }))

async function send(from: number, to: number): Promise<void> {
  for (let n = from; n < to; n += SLICE) await producer.send({ topic, acks: -1, messages: messages.slice(n, Math.min(n + SLICE, to)) })
}

await producer.connect()
await send(0, Math.min(WARM_UP, SCALE))
const began = performance.now()
await send(0, SCALE)
process.stdout.write(JSON.stringify({ perSecond: SCALE / ((performance.now() - began) / 1_000) }))
await producer.disconnect()
