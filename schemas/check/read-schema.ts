// A schema as text, parsed, with the lines of its file.
import { InvalidSchema } from '#avro/names'
import { parseAvroSchema } from '#avro/parse'
import type { Json, Schema } from '#avro/schema'
import { linesOf } from './json-lines.ts'

export type SchemaFile = { file: string; text: string }

export type ReadSchema = SchemaFile & { lineOf(pointer: string): number } & ({ schema: Schema } | { invalid: InvalidSchema })

/** The file holds no JSON: nothing can be said about it. */
export class NotJson extends Error {
  override name = 'NotJson'
}

/**
 * Invalid Avro is a finding, not an error.
 * @throws NotJson
 */
export function readSchema({ file, text }: SchemaFile): ReadSchema {
  let json: Json
  try {
    json = JSON.parse(text)
  } catch (error) {
    throw new NotJson(`${file} is not JSON: ${error instanceof Error ? error.message : error}`, { cause: error })
  }
  const lines = linesOf(text)
  const lineOf = (pointer: string): number =>
    lines.get(pointer) ?? (pointer === '' ? 1 : lineOf(pointer.slice(0, pointer.lastIndexOf('/'))))
  try {
    return { file, text, lineOf, schema: parseAvroSchema(json) }
  } catch (error) {
    if (error instanceof InvalidSchema) return { file, text, lineOf, invalid: error }
    throw error
  }
}
