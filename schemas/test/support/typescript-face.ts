// The TypeScript types that a schema calls for, as text: `export type Name = { field: type … }`, one for each record.

type Schema =
  | string
  | Schema[]
  | { type: Schema; name?: string; fields?: { name: string; type: Schema }[]; items?: Schema; values?: Schema }

const PRIMITIVES: Record<string, string> = {
  null: 'null',
  boolean: 'boolean',
  int: 'number',
  long: 'bigint',
  float: 'number',
  double: 'number',
  bytes: 'Buffer',
  string: 'string',
}

/** Types of the schema's records by name, in the shape of `typesIn`. */
export function typesCalledFor(schema: string): Map<string, string> {
  const found = new Map<string, string>()
  typeOf(JSON.parse(schema), found)
  return found
}

/** The object types that a TypeScript source exports, by name, without comments and with single spaces. */
export function typesIn(source: string): Map<string, string> {
  const code = source.replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '')
  const types = [...code.matchAll(/^export type (\w+) = \{([^{}]*)\}/gm)]
  return new Map(types.map(([, name = '', body = '']) => [name, body.replace(/[\s;]+/g, ' ').trim()]))
}

function typeOf(schema: Schema, found: Map<string, string>): string {
  if (typeof schema === 'string') return PRIMITIVES[schema] ?? schema
  if (Array.isArray(schema)) {
    const branches = schema.map((branch) => typeOf(branch, found))
    return [...branches.filter((branch) => branch !== 'null'), ...branches.filter((branch) => branch === 'null')].join(' | ')
  }
  if (schema.fields) {
    const fields = schema.fields.map(({ name, type }) => `${name}: ${typeOf(type, found)}`)
    found.set(schema.name ?? '', fields.join(' '))
    return schema.name ?? ''
  }
  if (schema.items) {
    const item = typeOf(schema.items, found)
    return item.includes(' ') ? `(${item})[]` : `${item}[]`
  }
  if (schema.values) return `Record<string, ${typeOf(schema.values, found)}>`
  return typeOf(schema.type, found)
}
