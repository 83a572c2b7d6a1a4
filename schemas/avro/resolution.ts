// Whether a reader's schema can read what a writer's wrote: Avro 1.12's rules (its SchemaCompatibility), every fault at once.
import { type Field, fieldOf, type RecordSchema, type Schema, typeName } from './schema.ts'

export type Rule =
  | 'NAME_MISMATCH'
  | 'FIXED_SIZE_MISMATCH'
  | 'MISSING_ENUM_SYMBOLS'
  | 'READER_FIELD_MISSING_DEFAULT_VALUE'
  | 'TYPE_MISMATCH'
  | 'MISSING_UNION_BRANCH'
  | 'CHECK_FAILED'

/** `path` is within the reader. The nodes that clash know where they stand in their files. */
export type Incompatibility = { rule: Rule; path: string; message: string; reader: Schema; writer: Schema; field?: Field }

/** Empty when the reader reads everything the writer wrote. */
export function resolve(reader: Schema, writer: Schema): Incompatibility[] {
  try {
    return compare(reader, writer, [''], new Map())
  } catch (error) {
    if (!(error instanceof AmbiguousField)) throw error
    return [{ rule: 'CHECK_FAILED', path: '', message: error.message, reader, writer, field: error.field }]
  }
}

/** Pairs already judged, so that recursion ends; a pair in progress holds. */
type Judged = Map<Schema, Map<Schema, Incompatibility[]>>

function compare(reader: Schema, writer: Schema, path: string[], judged: Judged): Incompatibility[] {
  const known = judged.get(reader)?.get(writer)
  if (known) return known
  const ofReader = judged.get(reader) ?? new Map<Schema, Incompatibility[]>()
  judged.set(reader, ofReader)
  ofReader.set(writer, [])
  const found = judge(reader, writer, path, judged)
  ofReader.set(writer, found)
  return found
}

function judge(reader: Schema, writer: Schema, path: string[], judged: Judged): Incompatibility[] {
  const fault = (rule: Rule, token: string[], message: string): Incompatibility[] => [
    { rule, path: pathText([...path, ...token]), message, reader, writer },
  ]
  if (reader.type === 'union' && writer.type === 'union') {
    return writer.branches.flatMap((branch, index) =>
      reads(reader, branch, judged) ? [] : fault('MISSING_UNION_BRANCH', [String(index)], lacking(branch)),
    )
  }
  if (writer.type === 'union') return writer.branches.flatMap((branch, index) => compare(reader, branch, [...path, String(index)], judged))
  if (reader.type === 'union') {
    return reader.branches.some((branch) => reads(branch, writer, judged)) ? [] : fault('MISSING_UNION_BRANCH', [], lacking(writer))
  }
  if (reader.type === 'array' && writer.type === 'array') return compare(reader.items, writer.items, [...path, 'items'], judged)
  if (reader.type === 'map' && writer.type === 'map') return compare(reader.values, writer.values, [...path, 'values'], judged)
  const names =
    'fullName' in reader &&
    'fullName' in writer &&
    reader.type === writer.type &&
    reader.name !== writer.name &&
    !reader.aliases.includes(writer.fullName)
      ? fault('NAME_MISMATCH', ['name'], `expected: ${writer.fullName}`)
      : []
  if (reader.type === 'record' && writer.type === 'record') return [...names, ...fields(reader, writer, path, judged)]
  if (reader.type === 'fixed' && writer.type === 'fixed') {
    return reader.size === writer.size
      ? names
      : [...names, ...fault('FIXED_SIZE_MISMATCH', ['size'], `expected: ${writer.size}, found: ${reader.size}`)]
  }
  if (reader.type === 'enum' && writer.type === 'enum') {
    const missing = writer.symbols.filter((symbol) => !reader.symbols.includes(symbol)).sort()
    if (missing.length === 0 || reader.default !== undefined) return names
    return [...names, ...fault('MISSING_ENUM_SYMBOLS', ['symbols'], `[${missing.join(', ')}]`)]
  }
  if (reader.type === writer.type || PROMOTIONS[reader.type]?.includes(writer.type)) return []
  return fault('TYPE_MISMATCH', [], `reader type: ${typeName(reader)} not compatible with writer type: ${typeName(writer)}`)
}

/** What each reader's type takes besides its own. */
const PROMOTIONS: { [reader in Schema['type']]?: Schema['type'][] } = {
  long: ['int'],
  float: ['int', 'long'],
  double: ['int', 'long', 'float'],
  bytes: ['string'],
  string: ['bytes'],
}

/** A union's branches are tried from the top, as if each were a schema of its own. */
const reads = (reader: Schema, writer: Schema, judged: Judged) => compare(reader, writer, [''], judged).length === 0

const lacking = (writer: Schema) => `reader union lacking writer type: ${typeName(writer)}`

function fields(reader: RecordSchema, writer: RecordSchema, path: string[], judged: Judged): Incompatibility[] {
  return reader.fields.flatMap((field, index) => {
    const at = [...path, 'fields', String(index)]
    const written = writtenField(field, index, writer)
    if (written) return compare(field.schema, written.schema, [...at, 'type'], judged)
    if (field.default !== undefined) return []
    // The Java library looks for an enum's own default here, and then compares it with the whole record.
    if (field.schema.type === 'enum' && field.schema.default !== undefined) return compare(field.schema, writer, [...at, 'type'], judged)
    return [{ rule: 'READER_FIELD_MISSING_DEFAULT_VALUE' as const, path: pathText(at), message: field.name, reader, writer, field }]
  })
}

class AmbiguousField extends Error {
  override name = 'AmbiguousField'
  readonly field: Field
  constructor(message: string, field: Field) {
    super(message)
    this.field = field
  }
}

/** The writer's field that the reader's name or one of its aliases means. */
function writtenField(field: Field, index: number, writer: RecordSchema): Field | undefined {
  const [found, ...more] = [field.name, ...field.aliases].flatMap((name) => fieldOf(writer, name) ?? [])
  if (more.length === 0) return found
  throw new AmbiguousField(
    `Reader record field ${field.name} type:${typeName(field.schema)} pos:${index} matches multiple fields in writer record schema ${writer.fullName}`,
    field,
  )
}

/** The first token stands for the root. */
const pathText = ([, ...tokens]: string[]) => `/${tokens.join('/')}`
