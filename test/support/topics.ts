// Topics of a test's own.
import { kafkaClient } from '@tally/platform/kafka/client'
import { createLog } from '@tally/platform/process/log'
import { stack } from './stack.ts'
import { until } from './until.ts'

const withAdmin = async <T>(work: (admin: ReturnType<ReturnType<typeof kafkaClient>['admin']>) => Promise<T>): Promise<T> => {
  const admin = kafkaClient({ brokers: [stack.kafka], clientId: 'test-topics', log: createLog('test', 'silent') }).admin()
  await admin.connect()
  try {
    return await work(admin)
  } finally {
    await admin.disconnect()
  }
}

/** Creates the topics, by name: partitions; returns once each can be asked for its offsets. */
export const createTopics = (topics: Record<string, number>) =>
  withAdmin(async (admin) => {
    await admin.createTopics({
      waitForLeaders: false,
      topics: Object.entries(topics).map(([topic, numPartitions]) => ({ topic, numPartitions })),
    })
    for (const topic of Object.keys(topics)) {
      await until(async () => (await admin.fetchTopicOffsets(topic)).length > 0, { what: `${topic} has leaders` })
    }
  })

export const deleteTopics = (topics: string[]) => withAdmin((admin) => admin.deleteTopics({ topics }))

/** End offsets of every partition of the topics. */
export const endsOf = (topics: string[]) =>
  withAdmin(async (admin) => {
    const ends: Record<string, string[]> = {}
    for (const topic of topics) {
      const offsets = await admin.fetchTopicOffsets(topic)
      ends[topic] = offsets.sort((a, b) => a.partition - b.partition).map(({ high }) => high)
    }
    return ends
  })

/** All consumer groups whose name contains the text. */
export const groupsLike = (text: string) =>
  withAdmin(async (admin) => (await admin.listGroups()).groups.map(({ groupId }) => groupId).filter((id) => id.includes(text)))
