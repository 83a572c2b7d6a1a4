// Decodes framed Avro: the writer's schema comes from the registry by its id, the reader's is compiled in.

import { InvalidMessage, messageOf } from '#process/errors'
import { type AvroType, readFrame } from './framing.ts'
import type { SchemaRegistry } from './registry.ts'

/**
 * A decoder for values written with any schema that resolves to the reader's. Synchronous once a schema id is known.
 * @throws InvalidMessage (`undecodable`, `unknown-schema`, `unresolvable-schema`), Unavailable when the registry is away
 */
export function avroDecoder<T>(registry: SchemaRegistry, reader: AvroType<T>): (value: Buffer | null) => T | Promise<T> {
  const resolvers = new Map<number, unknown>()

  async function resolverFor(schemaId: number): Promise<unknown> {
    const writer = await registry.typeById(schemaId)
    try {
      const resolver = reader.createResolver(writer)
      resolvers.set(schemaId, resolver)
      return resolver
    } catch (cause) {
      throw new InvalidMessage('unresolvable-schema', `schema ${schemaId} does not resolve to the reader's: ${messageOf(cause)}`, { cause })
    }
  }

  function decodeBody(schemaId: number, body: Buffer, resolver: unknown): T {
    try {
      return reader.fromBuffer(body, resolver)
    } catch (cause) {
      throw new InvalidMessage('undecodable', `the body does not fit schema ${schemaId}: ${messageOf(cause)}`, { cause })
    }
  }

  return (value) => {
    const { schemaId, body } = readFrame(value)
    const resolver = resolvers.get(schemaId)
    if (resolver !== undefined) return decodeBody(schemaId, body, resolver)
    return resolverFor(schemaId).then((found) => decodeBody(schemaId, body, found))
  }
}
