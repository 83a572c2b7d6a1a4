// Reads a schema by Avro 1.12's rules: names, namespaces, references, what may stand where.

import { defaultFault } from './default.ts'
import { checkName, InvalidSchema, nameFrom } from './names.ts'
import type { EnumSchema, Field, Json, Logical, Primitive, RecordSchema, Schema } from './schema.ts'
import { PRIMITIVES } from './schema.ts'

type Attributes = { [key: string]: Json }
type Scope = { names: Map<string, Schema>; namespace: string }

/**
 * A schema from parsed JSON.
 * @throws InvalidSchema with the pointer of the first fault
 */
export function parseAvroSchema(json: Json): Schema {
  return read(json, '', { names: new Map(), namespace: '' })
}

function read(json: Json, at: string, scope: Scope): Schema {
  if (typeof json === 'string') return named(json, at, scope, undefined)
  if (Array.isArray(json)) return union(json, at, scope)
  if (json === null || typeof json !== 'object') throw new InvalidSchema(`Schema not yet supported: ${JSON.stringify(json)}`, at)
  const { type } = json
  if (typeof type !== 'string') throw new InvalidSchema(`No type: ${JSON.stringify(json)}`, at)
  const logical = logicalOf(json)
  if (type === 'record' || type === 'error') return record(json, at, scope)
  if (type === 'enum') return enumeration(json, at, scope)
  if (type === 'fixed') return fixed(json, at, scope, logical)
  if (type === 'array') return { type, at, logical, items: read(required(json, 'items', at), `${at}/items`, scope) }
  if (type === 'map') return { type, at, logical, values: read(required(json, 'values', at), `${at}/values`, scope) }
  return named(type, at, scope, logical)
}

function named(name: string, at: string, { names, namespace }: Scope, logical: Logical | undefined): Schema {
  if (isPrimitive(name)) return { type: name, at, logical }
  const found = names.get(nameFrom(name, namespace).fullName)
  if (found === undefined) throw new InvalidSchema(`Undefined schema: ${name}`, at)
  return found
}

const isPrimitive = (name: string): name is Primitive => (PRIMITIVES as readonly string[]).includes(name)

function union(json: Json[], at: string, scope: Scope): Schema {
  const branches = json.map((branch, index) => read(branch, `${at}/${index}`, scope))
  const seen = new Set<string>()
  for (const [index, branch] of branches.entries()) {
    if (branch.type === 'union') throw new InvalidSchema('Nested union', `${at}/${index}`)
    const key = 'fullName' in branch ? branch.fullName : branch.type
    if (seen.has(key)) throw new InvalidSchema(`Duplicate in union: ${key}`, `${at}/${index}`)
    seen.add(key)
  }
  return { type: 'union', at, logical: undefined, branches }
}

/** Name, namespace and aliases; the schema is known by its name before its inside is read, so that it may contain itself. */
function declare<S extends Schema>(json: Attributes, at: string, scope: Scope, rest: (names: ReturnType<typeof head>) => S): [S, Scope] {
  const names = head(json, at, scope)
  if (scope.names.has(names.fullName)) throw new InvalidSchema(`Can't redefine: ${names.fullName}`, at)
  const schema = rest(names)
  scope.names.set(names.fullName, schema)
  return [schema, { names: scope.names, namespace: names.namespace }]
}

function head(json: Attributes, at: string, scope: Scope) {
  const given = json.name
  if (typeof given !== 'string') throw new InvalidSchema('No name in schema', at)
  const { name, namespace, fullName } = nameFrom(given, typeof json.namespace === 'string' ? json.namespace : scope.namespace)
  checkName(name, at)
  return {
    name,
    namespace,
    fullName,
    aliases: texts(json, 'aliases', at).map((alias) => nameFrom(alias, namespace).fullName),
    doc: docOf(json),
  }
}

function record(json: Attributes, at: string, scope: Scope): Schema {
  const [schema, inner] = declare<RecordSchema>(json, at, scope, ({ namespace: _, ...names }) => ({
    type: 'record',
    at,
    logical: undefined,
    ...names,
    fields: [],
  }))
  const fields = required(json, 'fields', at)
  if (!Array.isArray(fields)) throw new InvalidSchema('Record has no fields', at)
  for (const [index, field] of fields.entries()) schema.fields.push(fieldFrom(field, `${at}/fields/${index}`, inner, schema))
  return schema
}

function fieldFrom(json: Json, at: string, scope: Scope, record: RecordSchema): Field {
  if (json === null || typeof json !== 'object' || Array.isArray(json) || typeof json.name !== 'string')
    throw new InvalidSchema('No field name', at)
  const { name } = json
  checkName(name, at)
  if (record.fields.some((other) => other.name === name))
    throw new InvalidSchema(`Duplicate field ${name} in record ${record.fullName}`, at)
  const schema = read(required(json, 'type', at), `${at}/type`, scope)
  const fault = json.default === undefined ? undefined : defaultFault(schema, json.default, json.type ?? null)
  if (fault !== undefined) throw new InvalidSchema(`Invalid default for field ${name}: ${fault}`, at)
  return { name, at, aliases: texts(json, 'aliases', at), doc: docOf(json), schema, default: json.default }
}

function enumeration(json: Attributes, at: string, scope: Scope): Schema {
  const symbols = texts(json, 'symbols', at)
  if (!Array.isArray(json.symbols)) throw new InvalidSchema('Enum has no symbols', at)
  for (const symbol of symbols) checkName(symbol, `${at}/symbols`)
  if (new Set(symbols).size < symbols.length) throw new InvalidSchema('Duplicate enum symbol', `${at}/symbols`)
  const preset = typeof json.default === 'string' ? json.default : undefined
  if (preset !== undefined && !symbols.includes(preset))
    throw new InvalidSchema(`The Enum Default: ${preset} is not in the enum symbol set: [${symbols.join(', ')}]`, at)
  const [schema] = declare<EnumSchema>(json, at, scope, ({ namespace: _, ...names }) => ({
    type: 'enum',
    at,
    logical: undefined,
    ...names,
    symbols,
    default: preset,
  }))
  return schema
}

function fixed(json: Attributes, at: string, scope: Scope, logical: Logical | undefined): Schema {
  const { size } = json
  if (typeof size !== 'number' || !Number.isInteger(size) || size < 0) throw new InvalidSchema('Invalid or no size', at)
  const [schema] = declare(json, at, scope, ({ namespace: _, ...names }) => ({ type: 'fixed' as const, at, logical, ...names, size }))
  return schema
}

function required(json: Attributes, key: string, at: string): Json {
  const value = json[key]
  if (value === undefined) throw new InvalidSchema(`No ${key}`, at)
  return value
}

function texts(json: Attributes, key: string, at: string): string[] {
  const value = json[key]
  if (value === undefined || value === null) return []
  if (!Array.isArray(value) || !value.every((text) => typeof text === 'string'))
    throw new InvalidSchema(`${key} is not an array of texts`, at)
  return value
}

const docOf = ({ doc }: Attributes): string | undefined => (typeof doc === 'string' ? doc : undefined)

function logicalOf({ logicalType, precision, scale }: Attributes): Logical | undefined {
  if (typeof logicalType !== 'string') return undefined
  const whole = (value: Json | undefined) => (typeof value === 'number' ? value : undefined)
  return { name: logicalType, precision: whole(precision), scale: whole(scale) }
}
