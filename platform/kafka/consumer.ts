// Consuming from Kafka by KafkaJS: positions are ours, commits only inform, a partition is let go of as soon as it is revoked.
import type { EachBatchPayload, Kafka } from 'kafkajs'
import { backoffMs } from '#process/backoff'
import { wait } from '#process/clock'
import { messageOf, Unavailable } from '#process/errors'
import type { Log } from '#process/log'
import { bufferGate } from '#records/buffer-gate'
import type { LogConsumer, RecordBatch, Subscription } from '#records/record-log'
import { kafkaErrorType, RETRY } from './client.ts'
import { positioning } from './positioning.ts'
import { readAhead } from './read-ahead.ts'
import { fromKafka } from './records.ts'

/** A dead member keeps its partitions for the session: a standby goes on no sooner. Brokers take 6 s and more by default. */
export const SESSION_MS = 6_000
const HEARTBEATS_PER_SESSION = 5
/** How long the others of the group wait for a batch in hand. */
const REBALANCE_MS = 60_000
/** Longest wait for records, and so for a stop or a resume to be noticed. */
const MAX_WAIT_MS = 250
/** Of one fetch, as compressed on the broker: a batch is some thousands of small records, not tens of thousands in memory at once. */
const MAX_BYTES_PER_PARTITION = 131_072
/** Of one answer of a broker, all partitions together. */
const MAX_BYTES = 4_194_304
const PARTITIONS_AT_ONCE = 64
/** While no more records than this are worked on, the next ones are fetched. */
const READ_AHEAD = 8_000

const RESTART = { firstMs: 600, maxMs: 600 }

/** After these the member has to join again; the records are redelivered. */
const MEMBERSHIP_LOST = [
  'REBALANCE_IN_PROGRESS',
  'ILLEGAL_GENERATION',
  'UNKNOWN_MEMBER_ID',
  'NOT_COORDINATOR_FOR_GROUP',
  'FENCED_INSTANCE_ID',
]

/** Joins the group and starts fetching. @throws Unavailable when Kafka does not answer or a topic is missing */
export async function kafkaSubscribe(kafka: Kafka, subscription: Subscription, log: Log, sessionMs = SESSION_MS): Promise<LogConsumer> {
  const { topics, group, startAt, onBatch, onAssigned, temporary = false, maxBuffered = Number.POSITIVE_INFINITY } = subscription
  const heartbeatMs = sessionMs / HEARTBEATS_PER_SESSION
  /** KafkaJS itself waits 200 ms sharp here. */
  async function restartOnFailure(): Promise<boolean> {
    await wait(backoffMs(1, RESTART))
    return !stopped
  }
  const consumer = kafka.consumer({
    groupId: group,
    sessionTimeout: sessionMs,
    heartbeatInterval: heartbeatMs,
    rebalanceTimeout: REBALANCE_MS,
    maxWaitTimeInMs: MAX_WAIT_MS,
    maxBytes: MAX_BYTES,
    maxBytesPerPartition: MAX_BYTES_PER_PARTITION,
    allowAutoTopicCreation: false,
    retry: { ...RETRY, restartOnFailure },
  })
  const positioned = positioning(consumer)
  const gate = bufferGate(maxBuffered, positioned.gate)
  const ended = Promise.withResolvers<void>()
  ended.promise.catch(() => {})
  let stopped = false
  let stopping = false
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
      positioned.assigned(partitions)
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

  const ahead = readAhead(READ_AHEAD)
  /** Thrown into KafkaJS with its next batch, so that it joins again: what was in hand is not done and must be fetched once more. */
  let lost: { generation: number; error: unknown } | undefined
  /** What was fetched before a seek is not to be worked on. */
  const seeks = new Map<string, number>()
  function seek(topic: string, partition: number, nextOffset: bigint): void {
    seeks.set(keyOf(topic, partition), (seeks.get(keyOf(topic, partition)) ?? 0) + 1)
    positioned.seek(topic, partition, nextOffset)
  }

  /** Whether what is fetched now is still to be worked on later. */
  function ownership(key: string): () => boolean {
    const [born, sought] = [generation, seeks.get(key)]
    return () => lost?.generation !== born && born === generation && !stopped && sought === seeks.get(key)
  }

  /** Resolves when KafkaJS may fetch on: with the work done at the end of the log, else as soon as there is room. */
  async function eachBatch(payload: EachBatchPayload): Promise<void> {
    const { batch, heartbeat, isStale } = payload
    const { topic, partition } = batch
    if (stopping || isStale()) return
    const key = keyOf(topic, partition)
    const [born, size] = [generation, batch.messages.length]
    if (lost?.generation === generation) throw lost.error
    // A heartbeat that fails otherwise says nothing yet: KafkaJS sends its own behind the batch and acts on it.
    const beat = async () => {
      await heartbeat().catch((error) => {
        if (MEMBERSHIP_LOST.includes(kafkaErrorType(error))) lost = { generation: born, error }
      })
    }
    const ours: RecordBatch = {
      topic,
      partition,
      records: batch.messages.map((message) => fromKafka(topic, partition, message)),
      from: BigInt(batch.firstOffset() ?? batch.messages[0]?.offset ?? 0),
      next: BigInt(batch.lastOffset()) + 1n,
      highWatermark: BigInt(batch.highWatermark),
      heartbeat: beat,
      owned: ownership(key),
    }
    const timer = setInterval(beat, heartbeatMs / 2)
    gate.took(size)
    const { settled } = ahead.add(key, size, async () => {
      try {
        if (stopping || !ours.owned()) return
        inHand.set(key, payload)
        await onBatch(ours)
      } catch (error) {
        end(error)
      } finally {
        clearInterval(timer)
        inHand.delete(key)
        gate.done(size)
      }
    })
    await (ours.next >= ours.highWatermark ? settled : Promise.race([settled, ahead.room()]))
    if (lost?.generation === born) throw lost.error
  }

  // What has offsets and no records (the end of a transaction, an aborted one) KafkaJS passes by itself, and tells only here.
  consumer.on(consumer.events.END_BATCH_PROCESS, ({ payload }) => {
    const { topic, partition, batchSize, firstOffset, lastOffset, highWatermark } = payload
    if (batchSize > 0 || stopping) return
    const key = keyOf(topic, partition)
    const ours: RecordBatch = {
      topic,
      partition,
      records: [],
      from: BigInt(firstOffset ?? lastOffset),
      next: BigInt(lastOffset) + 1n,
      highWatermark: BigInt(highWatermark),
      heartbeat: async () => {},
      owned: ownership(key),
    }
    const { settled } = ahead.add(key, 0, async () => {
      if (!stopping && ours.owned()) await onBatch(ours)
    })
    settled.catch(end)
  })

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
      stopping = true
      // What is being worked on may commit while this is still a member.
      await ahead.idle()
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
    throw new Unavailable(`consuming ${topics.join(', ')} failed: ${messageOf(error)}`, { cause: error })
  }

  return { ended: ended.promise, commit, stop, seek, pause: positioned.pause, resume: positioned.resume }
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
