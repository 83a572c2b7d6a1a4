// Brings topics to what a table says: creates what is missing, sets configuration that differs, never touches partitions.
import kafkajs, { type Admin } from 'kafkajs'
import { messageOf, StopProcess, Unavailable } from '#process/errors'
import { createLog } from '#process/log'
import { whileUnavailable } from '#process/retry'
import { kafkaClient } from './client.ts'

const LEADERS_WITHIN_MS = 30_000

export type TopicSpec = {
  topic: string
  partitions: number
  /** Kafka's own names and values, as text. */
  config: Record<string, string>
}

export type EnsuredTopics = { created: string[]; altered: string[] }

/**
 * Safe to repeat. Topics have one replica unless `replicas` says otherwise.
 * @throws Unavailable when the brokers do not answer, StopProcess when a topic has another number of partitions
 */
export async function ensureTopics(brokers: string[], specs: TopicSpec[], replicas = 1): Promise<EnsuredTopics> {
  const admin = kafkaClient({ brokers, clientId: 'ensure-topics', log: createLog('ensure-topics', 'silent') }).admin()
  try {
    await admin.connect()
    const existing = new Set(await admin.listTopics())
    const missing = specs.filter(({ topic }) => !existing.has(topic))
    if (missing.length > 0) {
      await admin.createTopics({
        // KafkaJS's own wait fails at once when the topic is not known everywhere yet.
        waitForLeaders: false,
        topics: missing.map(({ topic, partitions, config }) => ({
          topic,
          numPartitions: partitions,
          replicationFactor: replicas,
          configEntries: entries(config),
        })),
      })
      await haveLeaders(admin, missing)
    }
    const present = specs.filter(({ topic }) => existing.has(topic))
    await refuseOtherPartitions(admin, present)
    return { created: missing.map(({ topic }) => topic), altered: await alterConfigs(admin, present) }
  } catch (error) {
    if (error instanceof StopProcess) throw error
    throw new Unavailable(`Kafka at ${brokers.join(', ')}: ${messageOf(error)}`, { cause: error })
  } finally {
    await admin.disconnect()
  }
}

async function haveLeaders(admin: Admin, specs: TopicSpec[]): Promise<void> {
  const look = async () => {
    try {
      const { topics } = await admin.fetchTopicMetadata({ topics: specs.map(({ topic }) => topic) })
      if (topics.every(({ partitions }) => partitions.length > 0 && partitions.every(({ leader }) => leader >= 0))) return
    } catch (error) {
      throw new Unavailable(`the new topics are not known yet: ${messageOf(error)}`, { cause: error })
    }
    throw new Unavailable('the new topics have no leaders yet')
  }
  await whileUnavailable(look, { deadlineMs: LEADERS_WITHIN_MS, backoff: { firstMs: 20, maxMs: 500 } })
}

const entries = (config: Record<string, string>) => Object.entries(config).map(([name, value]) => ({ name, value }))

/** More partitions would send a key's later records elsewhere, fewer are not possible: a person decides. */
async function refuseOtherPartitions(admin: Admin, specs: TopicSpec[]): Promise<void> {
  if (specs.length === 0) return
  const { topics } = await admin.fetchTopicMetadata({ topics: specs.map(({ topic }) => topic) })
  const actual = new Map(topics.map(({ name, partitions }) => [name, partitions.length]))
  const wrong = specs.filter(({ topic, partitions }) => actual.get(topic) !== partitions)
  if (wrong.length === 0) return
  const lines = wrong.map(({ topic, partitions }) => `  ${topic} has ${actual.get(topic)} partitions, ${partitions} are wanted`)
  throw new StopProcess(
    `the number of partitions differs:\n${lines.join('\n')}\nMore partitions would move keys: create a new topic, or change the table to what is there.`,
  )
}

async function alterConfigs(admin: Admin, specs: TopicSpec[]): Promise<string[]> {
  if (specs.length === 0) return []
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: specs.map(({ topic }) => ({ type: kafkajs.ConfigResourceTypes.TOPIC, name: topic })),
  })
  const live = new Map(
    resources.map(({ resourceName, configEntries }) => [
      resourceName,
      new Map(configEntries.map(({ configName, configValue }) => [configName, configValue])),
    ]),
  )
  const different = specs.filter(({ topic, config }) =>
    Object.entries(config).some(([name, value]) => live.get(topic)?.get(name) !== value),
  )
  if (different.length > 0) {
    await admin.alterConfigs({
      validateOnly: false,
      resources: different.map(({ topic, config }) => ({
        type: kafkajs.ConfigResourceTypes.TOPIC,
        name: topic,
        configEntries: entries(config),
      })),
    })
  }
  return different.map(({ topic }) => topic)
}
