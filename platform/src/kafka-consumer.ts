// Consuming from Kafka by KafkaJS: positions are ours, commits only inform, a partition is let go of as soon as it is revoked.
import type { Consumer, EachBatchPayload, Kafka } from 'kafkajs'
import { Unavailable } from './errors.ts'
import { kafkaErrorType, RETRY } from './kafka-client.ts'
import { fromKafka } from './kafka-records.ts'
import type { Log } from './log.ts'
import type { LogConsumer, RecordBatch, Subscription } from './record-log.ts'

/** A dead member keeps its partitions for the session; the heartbeat must come several times within it. */
const SESSION_MS = 10_000
const HEARTBEAT_MS = 2_000
/** How long the others of the group wait for a batch in hand. */
const REBALANCE_MS = 60_000
/** Longest wait for records, and so for a stop or a resume to be noticed. */
const MAX_WAIT_MS = 250
/** Of one fetch, as compressed on the broker: a batch is some thousands of small records, not tens of thousands in memory at once. */
const MAX_BYTES_PER_PARTITION = 262_144
const PARTITIONS_AT_ONCE = 64

/** After these the member has to join again; the records are redelivered. */
const MEMBERSHIP_LOST = [
  'REBALANCE_IN_PROGRESS',
  'ILLEGAL_GENERATION',
  'UNKNOWN_MEMBER_ID',
  'NOT_COORDINATOR_FOR_GROUP',
  'FENCED_INSTANCE_ID',
]

/** Joins the group and starts fetching. @throws Unavailable when Kafka does not answer or a topic is missing */
export async function kafkaSubscribe(kafka: Kafka, subscription: Subscription, log: Log): Promise<LogConsumer> {
  const { topics, group, startAt, onBatch, onAssigned, temporary = false } = subscription
  const consumer = kafka.consumer({
    groupId: group,
    sessionTimeout: SESSION_MS,
    heartbeatInterval: HEARTBEAT_MS,
    rebalanceTimeout: REBALANCE_MS,
    maxWaitTimeInMs: MAX_WAIT_MS,
    maxBytesPerPartition: MAX_BYTES_PER_PARTITION,
    allowAutoTopicCreation: false,
    retry: { ...RETRY, restartOnFailure: async () => !stopped },
  })
  const ended = Promise.withResolvers<void>()
  ended.promise.catch(() => {})
  let stopped = false
  let generation = 0
  const inHand = new Map<string, EachBatchPayload>()

  function end(fault: unknown): void {
    if (stopped) return
    stopped = true
    ended.reject(fault)
    void consumer.disconnect().catch(() => {})
  }

  // KafkaJS calls this listener between joining and the first fetch, and seeks take effect with the next fetch.
  consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
    generation += 1
    const partitions = Object.entries(payload.memberAssignment).flatMap(([topic, ids]) => ids.map((partition) => ({ topic, partition })))
    try {
      onAssigned?.(partitions)
      for (const { topic, partition } of partitions) {
        const nextOffset = startAt(topic, partition)
        if (nextOffset !== undefined) consumer.seek({ topic, partition, offset: String(nextOffset) })
      }
    } catch (error) {
      end(error)
    }
  })
  consumer.on(consumer.events.CRASH, ({ payload: { error, restart } }) => {
    if (!restart) return end(error)
    log.warn({ group, reason: error.message }, 'the consumer lost Kafka and starts again')
  })

  async function eachBatch(payload: EachBatchPayload): Promise<void> {
    const { batch, heartbeat, isStale } = payload
    const { topic, partition } = batch
    const born = generation
    let lost: unknown
    // A heartbeat that fails otherwise says nothing yet: KafkaJS sends its own behind the batch and acts on it.
    const beat = async () => {
      await heartbeat().catch((error) => {
        if (MEMBERSHIP_LOST.includes(kafkaErrorType(error))) lost ??= error
      })
    }
    const timer = setInterval(beat, HEARTBEAT_MS / 2)
    inHand.set(keyOf(topic, partition), payload)
    const ours: RecordBatch = {
      topic,
      partition,
      records: batch.messages.map((message) => fromKafka(topic, partition, message)),
      highWatermark: BigInt(batch.highWatermark),
      heartbeat: beat,
      owned: () => lost === undefined && born === generation && !stopped && !isStale(),
    }
    try {
      await onBatch(ours)
    } catch (error) {
      return end(error)
    } finally {
      clearInterval(timer)
      inHand.delete(keyOf(topic, partition))
    }
    // Thrown into KafkaJS, which then joins again.
    if (lost !== undefined) throw lost
  }

  async function commit(topic: string, partition: number, nextOffset: bigint): Promise<void> {
    const offset = String(nextOffset)
    try {
      // The batch's own commit works while the consumer is stopping; the consumer's does nothing then, and says nothing.
      const payload = inHand.get(keyOf(topic, partition))
      if (payload) await payload.commitOffsetsIfNecessary({ topics: [{ topic, partitions: [{ partition, offset }] }] })
      else await consumer.commitOffsets([{ topic, partition, offset }])
    } catch (error) {
      const level = MEMBERSHIP_LOST.includes(kafkaErrorType(error)) ? 'debug' : 'warn'
      log[level]({ topic, partition, nextOffset: offset, reason: String(error) }, 'the position could not be committed')
    }
  }

  async function stop(): Promise<void> {
    if (!stopped) {
      await consumer.stop()
      stopped = true
      ended.resolve()
    }
    await consumer.disconnect()
    if (temporary) await forget(kafka, group)
  }

  try {
    await consumer.connect()
    await consumer.subscribe({ topics, fromBeginning: true })
    await consumer.run({ autoCommit: false, partitionsConsumedConcurrently: PARTITIONS_AT_ONCE, eachBatch })
  } catch (error) {
    stopped = true
    await consumer.disconnect().catch(() => {})
    throw new Unavailable(`consuming ${topics.join(', ')} failed: ${error instanceof Error ? error.message : error}`, { cause: error })
  }

  return { ended: ended.promise, commit, stop, ...positioning(consumer) }
}

function positioning(consumer: Consumer) {
  // While KafkaJS starts again after a crash there is nothing to position: joining asks startAt.
  const whenRunning = (act: () => void) => {
    try {
      act()
    } catch (error) {
      if (!(error instanceof Error && /not initialized/.test(error.message))) throw error
    }
  }
  return {
    seek: (topic: string, partition: number, nextOffset: bigint) =>
      whenRunning(() => consumer.seek({ topic, partition, offset: String(nextOffset) })),
    pause: (topic: string, partition: number) => whenRunning(() => consumer.pause([{ topic, partitions: [partition] }])),
    resume: (topic: string, partition: number) => whenRunning(() => consumer.resume([{ topic, partitions: [partition] }])),
  }
}

async function forget(kafka: Kafka, group: string): Promise<void> {
  const admin = kafka.admin()
  try {
    await admin.connect()
    await admin.deleteGroups([group])
  } catch {
    // A group without members and positions vanishes on its own.
  } finally {
    await admin.disconnect().catch(() => {})
  }
}

const keyOf = (topic: string, partition: number) => `${topic}/${partition}`
