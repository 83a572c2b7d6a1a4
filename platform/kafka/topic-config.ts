// Reads how a topic is configured on the brokers.
import kafkajs, { Kafka, logLevel } from 'kafkajs'
import { messageOf, StopProcess, Unavailable } from '#process/errors'

/**
 * Kafka's own names and values, as text.
 * @throws StopProcess when there is no such topic, Unavailable when the brokers do not answer
 */
export async function topicConfig(brokers: string[], topic: string): Promise<ReadonlyMap<string, string>> {
  const admin = new Kafka({ clientId: 'topic-config', brokers, logLevel: logLevel.NOTHING, retry: { retries: 3 } }).admin()
  try {
    await admin.connect()
    const { resources } = await admin.describeConfigs({
      includeSynonyms: false,
      resources: [{ type: kafkajs.ConfigResourceTypes.TOPIC, name: topic }],
    })
    return new Map(resources.flatMap(({ configEntries }) => configEntries.map(({ configName, configValue }) => [configName, configValue])))
  } catch (error) {
    const why = messageOf(error)
    if (/does not host this topic-partition|unknown topic/i.test(why))
      throw new StopProcess(`there is no topic ${topic} at ${brokers.join(', ')}: create the topics first`)
    throw new Unavailable(`Kafka at ${brokers.join(', ')}: ${why}`, { cause: error })
  } finally {
    await admin.disconnect()
  }
}
