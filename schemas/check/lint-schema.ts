// House rules for this repository's own schemas: what a reader of the topic needs and Avro does not ask for.
import type { Field, RecordSchema, Schema } from '#avro/schema'

export type Lint = { type: string; at: string; message: string; fix: string }

const MONEY = /price|amount|total|revenue|cost|fee|tax|minor/i
const TIME = /(At|Time|Until|Since|Start|End)$|^(start|end|asOf)$/

/** Everything the house does not accept, whether or not older versions did. */
export function lintSchema(schema: Schema, namespace = 'tally'): Lint[] {
  const found: Lint[] = []
  visit(schema, namespace, found, new Set())
  return found
}

function visit(schema: Schema, namespace: string, found: Lint[], seen: Set<Schema>): void {
  if (seen.has(schema)) return
  seen.add(schema)
  if ('fullName' in schema) {
    if (schema.fullName !== `${namespace}.${schema.name}`)
      found.push({
        type: 'NAMESPACE',
        at: schema.at,
        message: `${schema.fullName} is not in namespace ${namespace}`,
        fix: `use namespace ${namespace}`,
      })
    if (!schema.doc) found.push(undocumented(schema.fullName, schema.at))
  }
  if (schema.type === 'enum' && schema.default === undefined)
    found.push({
      type: 'ENUM_WITHOUT_DEFAULT',
      at: schema.at,
      message: `${schema.fullName} has no default: no symbol can ever be added`,
      fix: 'add a symbol such as UNKNOWN and make it the "default"',
    })
  if (schema.type === 'record') visitFields(schema, namespace, found, seen)
  for (const inner of innerOf(schema)) visit(inner, namespace, found, seen)
}

function visitFields(record: RecordSchema, namespace: string, found: Lint[], seen: Set<Schema>): void {
  for (const field of record.fields) {
    if (!field.doc) found.push(undocumented(`${record.name}.${field.name}`, field.at))
    for (const lint of fieldLints(field)) found.push({ ...lint, at: field.at, message: `${record.name}.${field.name} ${lint.message}` })
    visit(field.schema, namespace, found, seen)
  }
}

function fieldLints({ name, schema, default: preset }: Field): Omit<Lint, 'at'>[] {
  const lints: Omit<Lint, 'at'>[] = []
  const bare = bareOf(schema)
  if (MONEY.test(name) && (bare?.type === 'float' || bare?.type === 'double'))
    lints.push({ type: 'FLOAT_FOR_MONEY', message: 'holds money in a binary fraction', fix: 'use long minor units' })
  if (TIME.test(name) && bare?.type === 'long' && bare.logical === undefined)
    lints.push({ type: 'TIME_WITHOUT_LOGICAL_TYPE', message: 'is a time without a unit', fix: 'use logicalType timestamp-micros' })
  if (
    schema.type === 'union' &&
    schema.branches.some(({ type }) => type === 'null') &&
    (schema.branches[0]?.type !== 'null' || preset !== null)
  )
    lints.push({
      type: 'NULLABLE_WITHOUT_NULL_DEFAULT',
      message: 'may be null',
      fix: 'put "null" first in the union and add "default": null',
    })
  return lints
}

/** The one type besides null. */
const bareOf = (schema: Schema) => (schema.type === 'union' ? schema.branches.find(({ type }) => type !== 'null') : schema)

const undocumented = (what: string, at: string): Lint => ({
  type: 'NO_DOC',
  at,
  message: `${what} says not what it is`,
  fix: 'add a "doc"',
})

function innerOf(schema: Schema): Schema[] {
  if (schema.type === 'array') return [schema.items]
  if (schema.type === 'map') return [schema.values]
  return schema.type === 'union' ? schema.branches : []
}
