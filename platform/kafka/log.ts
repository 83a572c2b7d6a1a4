// The record log on Kafka, by KafkaJS.
import type { Admin, Kafka } from 'kafkajs'
import type { Registry } from 'prom-client'
import { Counter } from 'prom-client'
import { endsOfTheLog } from '#kafkajs-fast/ends'
import { messageOf, Unavailable } from '#process/errors'
import type { NewRecord, RecordLog, Written } from '#records/record-log'
import { type ClientOptions, kafkaClient, kafkaErrorType, RETRY } from './client.ts'
import { kafkaSubscribe } from './consumer.ts'
import { connectProducer } from './producer.ts'
import { chunksOf } from './records.ts'

/** Kafka's default limit of one record batch is 1 048 588 bytes. */
const CHUNK_BYTES = 800_000

/** Faults of the record, not of the broker: trying again cannot help. */
const REFUSED = ['MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE', 'INVALID_RECORD', 'CORRUPT_MESSAGE', 'INVALID_TOPIC_EXCEPTION']

/** `sessionMs`: how long a group waits for a member that is silent. */
type Options = ClientOptions & { metrics?: Registry; sessionMs?: number }

/**
 * Connects with the first use. Records appended to a topic keep the order of the calls; a request that is tried again
 * after a lost answer may write its records twice.
 */
export function kafkaLog({ metrics, sessionMs, ...client }: Options): RecordLog {
  const { log, fast = true } = client
  const kafka = kafkaClient(client)
  const appended = metrics && appendCounters(metrics)
  const producer = connectedOnce(() => connectProducer(kafka, fast))
  const admin = connectedOnce(() => connectAdmin(kafka))
  const lastAppend = new Map<string, Promise<void>>()

  async function send(topic: string, records: NewRecord[]): Promise<Written[]> {
    try {
      const connected = await producer.get()
      const written: Written[][] = []
      for (const chunk of chunksOf(records, CHUNK_BYTES)) {
        written.push(await connected.send(topic, chunk))
        appended?.records.inc({ topic }, chunk.length)
      }
      return written.flat()
    } catch (error) {
      appended?.failures.inc({ topic })
      const what = `appending to ${topic} failed: ${messageOf(error)}`
      throw REFUSED.includes(kafkaErrorType(error)) ? new Error(what, { cause: error }) : new Unavailable(what, { cause: error })
    }
  }

  return {
    subscribe: (subscription) => kafkaSubscribe(kafka, subscription, log, sessionMs),
    append(topic, records) {
      if (records.length === 0) return Promise.resolve([])
      // One request at a time per topic: a retried one would otherwise land behind its successor.
      const sent = (lastAppend.get(topic) ?? Promise.resolve()).then(() => send(topic, records))
      const settled = () => {}
      lastAppend.set(topic, sent.then(settled, settled))
      return sent
    },
    async bounds(topic) {
      try {
        const asked = await admin.get()
        // In this order: what is stable by then and still before the end that was told first is held up by a transaction.
        const ends = await endsOfTheLog(() => asked.fetchTopicOffsets(topic))
        const stable = new Map((await asked.fetchTopicOffsets(topic)).map(({ partition, high }) => [partition, BigInt(high)]))
        return new Map(
          ends.map(({ partition, low, high }) => {
            const highWatermark = BigInt(high)
            const lastStable = stable.get(partition) ?? highWatermark
            return [
              partition,
              { logStart: BigInt(low), highWatermark, lastStable: lastStable < highWatermark ? lastStable : highWatermark },
            ]
          }),
        )
      } catch (error) {
        throw new Unavailable(`reading the offsets of ${topic} failed: ${messageOf(error)}`, { cause: error })
      }
    },
    async close() {
      await Promise.all(lastAppend.values())
      await Promise.all([producer.close(), admin.close()])
    },
  }
}

async function connectAdmin(kafka: Kafka): Promise<Admin> {
  // Whoever asks for bounds asks again by its own policy: better told soon.
  const admin = kafka.admin({ retry: { ...RETRY, retries: 2 } })
  await admin.connect()
  return admin
}

/** Connects on the first get; one that failed is tried again by the next get. */
function connectedOnce<C extends { disconnect(): Promise<void> }>(connect: () => Promise<C>) {
  let connecting: Promise<C> | undefined
  return {
    get(): Promise<C> {
      connecting ??= connect().catch((error) => {
        connecting = undefined
        throw error
      })
      return connecting
    },
    async close(): Promise<void> {
      const connected = await connecting?.catch(() => undefined)
      await connected?.disconnect()
    },
  }
}

function appendCounters(metrics: Registry) {
  const registers = [metrics]
  return {
    records: new Counter({ name: 'log_appended_records_total', help: 'Records acknowledged.', labelNames: ['topic'], registers }),
    failures: new Counter({ name: 'log_append_failures_total', help: 'Appends given up.', labelNames: ['topic'], registers }),
  }
}
