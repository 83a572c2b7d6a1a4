// Values of the topics with a schema, decoded as far as anybody can.

import { avroDecoder } from '@tally/platform/avro/decode'
import { avroType, encodeFramed } from '@tally/platform/avro/framing'
import type { SchemaRegistry } from '@tally/platform/avro/registry'
import { InvalidMessage } from '@tally/platform/process/errors'
import type { TopicWithSchema } from '@tally/schemas/contract/files'
import { schemaOf, TOPICS_WITH_SCHEMA } from '@tally/schemas/contract/files'

export type AvroValues = {
  /** Undefined when nobody can read it. @throws Unavailable without the registry */
  decode(topic: string, value: Buffer | null): Promise<unknown>
  /** Framed with the topic's present schema. @throws Error when the value does not fit it, Unavailable without the registry */
  encode(topic: string, value: unknown): Promise<Buffer>
}

const hasSchema = (topic: string): topic is TopicWithSchema => TOPICS_WITH_SCHEMA.includes(topic as TopicWithSchema)

export function avroValues(registry: SchemaRegistry): AvroValues {
  const decoders = new Map<string, (value: Buffer | null) => unknown>()
  const ids = new Map<string, number>()
  return {
    async decode(topic, value) {
      if (!hasSchema(topic)) return undefined
      const decode = decoders.get(topic) ?? avroDecoder(registry, avroType<unknown>(schemaOf(topic)))
      decoders.set(topic, decode)
      try {
        return await decode(value)
      } catch (error) {
        if (error instanceof InvalidMessage) return undefined
        throw error
      }
    },
    async encode(topic, value) {
      if (!hasSchema(topic)) throw new Error(`${topic} has no schema: change value, not decoded`)
      const schema = schemaOf(topic)
      const id = ids.get(topic) ?? (await registry.idOf(`${topic}-value`, schema))
      ids.set(topic, id)
      return encodeFramed(id, avroType<unknown>(schema), value)
    },
  }
}
