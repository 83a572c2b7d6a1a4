// Decodes framed Avro: the writer's schema comes from the registry by its id, the reader's is compiled in.
import type { AvroType } from './avro.ts'
import { Unavailable } from './errors.ts'
import type { SchemaRegistry } from './registry.ts'

/**
 * A decoder for values written with any schema that resolves to the reader's. Synchronous once a schema id is known.
 * @throws InvalidMessage (`undecodable`, `unknown-schema`, `unresolvable-schema`), Unavailable when the registry is away
 */
export function avroDecoder<T>(registry: SchemaRegistry, reader: AvroType<T>): (value: Buffer | null) => T | Promise<T> {
  throw new Unavailable(`unwritten ${registry} ${reader}`)
}
