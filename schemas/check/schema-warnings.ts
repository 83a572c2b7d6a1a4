// What every known checker lets pass and a business does not: values that change their meaning without an error.
import { fits } from '#avro/default'
import type { Field, Json, Logical, RecordSchema, Schema } from '#avro/schema'

export type Warning = { type: string; at: string; message: string; fix: string }

/** Of a schema alone, and against the version before it. */
export function warnings(newer: Schema, older: Schema | undefined): Warning[] {
  const found: Warning[] = []
  const seen = new Set<Schema>()
  walk(newer, older, found, seen)
  return found
}

function walk(newer: Schema, older: Schema | undefined, found: Warning[], seen: Set<Schema>): void {
  if (seen.has(newer)) return
  if (newer.type === 'record') seen.add(newer)
  if (older && newer.type !== 'record') compareLogical(newer, older, found)
  if (newer.type === 'record') {
    for (const field of newer.fields) {
      const before = older?.type === 'record' ? fieldBefore(field, older) : undefined
      checkDefault(field, before, found)
      walk(field.schema, before?.schema, found, seen)
    }
    if (older?.type === 'record') renamed(newer, older, found)
  } else if (newer.type === 'array') walk(newer.items, older?.type === 'array' ? older.items : undefined, found, seen)
  else if (newer.type === 'map') walk(newer.values, older?.type === 'map' ? older.values : undefined, found, seen)
  else if (newer.type === 'union') {
    const before = older?.type === 'union' ? older.branches : older ? [older] : []
    for (const branch of newer.branches) {
      const same = before.find(
        (other) => other.type === branch.type && (!('name' in other) || !('name' in branch) || other.name === branch.name),
      )
      walk(branch, same, found, seen)
      if (branch.type === 'enum' && same?.type === 'enum' && branch.fullName !== same.fullName)
        found.push({
          type: 'ENUM_NAMESPACE_CHANGED',
          at: branch.at,
          message: `${same.fullName} → ${branch.fullName} within a union: Avro's check passes, its reader does not find the branch`,
          fix: 'keep the namespace',
        })
    }
  }
}

const fieldBefore = (field: Field, older: RecordSchema) =>
  older.fields.find(({ name }) => name === field.name || field.aliases.includes(name))

function compareLogical(newer: Schema, older: Schema, found: Warning[]): void {
  const [before, after] = [older.logical, newer.logical]
  if (before?.name === after?.name && before?.precision === after?.precision && before?.scale === after?.scale) return
  const type = after === undefined ? 'LOGICAL_TYPE_GONE' : before === undefined ? 'LOGICAL_TYPE_NEW' : kindOfChange(before, after)
  found.push({
    type,
    at: newer.at,
    message: `${logicalText(before)} → ${logicalText(after)}: the same bytes mean another value`,
    fix: 'keep the logical type; for another meaning add a new field',
  })
}

function kindOfChange(before: Logical, after: Logical): string {
  if (before.name === 'decimal' && after.name === 'decimal')
    return before.scale === after.scale ? 'DECIMAL_PRECISION_CHANGED' : 'DECIMAL_SCALE_CHANGED'
  return /^(local-)?timestamp/.test(before.name) && /^(local-)?timestamp/.test(after.name)
    ? 'TIMESTAMP_UNIT_CHANGED'
    : 'LOGICAL_TYPE_CHANGED'
}

const logicalText = (logical: Logical | undefined) =>
  logical === undefined
    ? 'no logical type'
    : logical.name === 'decimal'
      ? `decimal(${logical.precision}, ${logical.scale ?? 0})`
      : logical.name

function checkDefault(field: Field, before: Field | undefined, found: Warning[]): void {
  const { schema, default: preset } = field
  if (preset === undefined) return
  const add = (type: string, message: string, fix: string) =>
    found.push({ type, at: `${field.at}/default`, message: `${field.name}: ${message}`, fix })
  const misfit = misfitOf(schema, preset)
  if (misfit)
    add('DEFAULT_OUTSIDE_TYPE', misfit, 'choose a default that a reader can fill in: Avro accepts this one and fails when it is needed')
  if (before?.default !== undefined && JSON.stringify(before.default) !== JSON.stringify(preset))
    add(
      'DEFAULT_MOVED',
      `default ${JSON.stringify(before.default)} → ${JSON.stringify(preset)}`,
      'readers of different versions fill in different values: keep the default',
    )
}

/** What Avro does not look at in a default. */
function misfitOf(schema: Schema, preset: Json): string | undefined {
  if (schema.type === 'enum' && typeof preset === 'string' && !schema.symbols.includes(preset))
    return `default ${preset} is none of the symbols`
  if (schema.type === 'fixed' && typeof preset === 'string' && preset.length !== schema.size)
    return `default has ${preset.length} bytes, not ${schema.size}`
  if (schema.type === 'union' && schema.branches[0] && !fits(schema.branches[0], preset))
    return 'default is not of the union’s first branch, which many readers require'
  return undefined
}

/** An alias helps new readers; old ones fill the new name's field with their default. */
function renamed(newer: RecordSchema, older: RecordSchema, found: Warning[]): void {
  for (const field of newer.fields) {
    const old = older.fields.find(({ name }) => field.aliases.includes(name))
    const gone = old && !newer.fields.some(({ name }) => name === old.name)
    if (old?.default === undefined || !gone) continue
    found.push({
      type: 'RENAME_FILLED_WITH_DEFAULT',
      at: field.at,
      message: `${old.name} → ${field.name}: older readers fill ${old.name} with its default ${JSON.stringify(old.default)} and lose the value`,
      fix: `keep ${old.name}, or write both until no older reader runs`,
    })
  }
}
