// Values of the topics with a schema, decoded as far as anybody can.
import { avroType } from '@tally/platform/avro'
import { avroDecoder } from '@tally/platform/decode'
import { InvalidMessage } from '@tally/platform/errors'
import type { SchemaRegistry } from '@tally/platform/registry'
import type { TopicWithSchema } from '@tally/schemas/files'
import { schemaOf, TOPICS_WITH_SCHEMA } from '@tally/schemas/files'

/** Decodes a value of the topic; undefined when nobody can read it. @throws Unavailable without the registry */
export function avroValues(registry: SchemaRegistry): (topic: string, value: Buffer | null) => Promise<unknown> {
  const decoders = new Map<string, (value: Buffer | null) => unknown>()
  return async (topic, value) => {
    if (!TOPICS_WITH_SCHEMA.includes(topic as TopicWithSchema)) return undefined
    const decode = decoders.get(topic) ?? avroDecoder(registry, avroType<unknown>(schemaOf(topic as TopicWithSchema)))
    decoders.set(topic, decode)
    try {
      return await decode(value)
    } catch (error) {
      if (error instanceof InvalidMessage) return undefined
      throw error
    }
  }
}
