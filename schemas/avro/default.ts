// Whether a default fits its type, by Avro 1.12's rules: of a union, any branch.
import type { Json, Schema } from './schema.ts'

const INT_MAX = 2 ** 31

/**
 * Undefined when the default fits, else what is wrong.
 * @param type the type as it stands in the file, for the message
 */
export function defaultFault(schema: Schema, value: Json, type: Json): string | undefined {
  return fits(schema, value) ? undefined : `${JSON.stringify(value)} not a ${JSON.stringify(type)}`
}

/** Avro 1.12 does not look at the length of a fixed, nor at an enum's symbols: a warning does. */
export function fits(schema: Schema, value: Json): boolean {
  switch (schema.type) {
    case 'null':
      return value === null
    case 'boolean':
      return typeof value === 'boolean'
    case 'int':
      return Number.isInteger(value) && Number(value) >= -INT_MAX && Number(value) < INT_MAX
    case 'long':
      return Number.isInteger(value) && Math.abs(Number(value)) <= 2 ** 63
    case 'float':
    case 'double':
      return typeof value === 'number'
    case 'bytes':
    case 'string':
    case 'fixed':
    case 'enum':
      return typeof value === 'string'
    case 'array':
      return Array.isArray(value) && value.every((item) => fits(schema.items, item))
    case 'map':
      return isObject(value) && Object.values(value).every((item) => fits(schema.values, item))
    case 'union':
      return schema.branches.some((branch) => fits(branch, value))
    case 'record':
      return (
        isObject(value) &&
        schema.fields.every(({ schema: inner, name, default: preset }) =>
          fitsOptional(inner, Object.hasOwn(value, name) ? value[name] : preset),
        )
      )
  }
}

const fitsOptional = (schema: Schema, value: Json | undefined) => value !== undefined && fits(schema, value)

const isObject = (value: Json): value is { [key: string]: Json } => typeof value === 'object' && value !== null && !Array.isArray(value)
