// An incompatibility in words: what changed, who breaks, what would mend it.
import { titleOf } from '#avro/schema'
import type { Break } from './compatibility.ts'

/** Who reads a subject; others are "readers". */
const READERS: Record<string, string> = { 'order-events-value': 'aggregator', 'order-buckets-value': 'forecaster' }

export type Explained = { change: string; breaks: string; fix: string }

/** @param subject undefined for schemas that belong to none */
export function explain(fault: Break, subject: string | undefined): Explained {
  const service = (subject && READERS[subject]) ?? 'readers'
  const breaks =
    fault.direction === 'backward'
      ? `new ${service} cannot read records written with the older version`
      : `${service} still running the older version cannot read new records`
  return { change: changeOf(fault), breaks, fix: fixOf(fault) }
}

/** Old → new. Backward, the reader is new; forward, the writer is. */
function changeOf({ rule, direction, message, reader, writer, field }: Break): string {
  const [older, newer] = direction === 'backward' ? [writer, reader] : [reader, writer]
  if (rule === 'READER_FIELD_MISSING_DEFAULT_VALUE') {
    return direction === 'backward'
      ? `no field ${field?.name} → field ${field?.name} without a default`
      : `field ${field?.name} without a default → no such field`
  }
  if (rule === 'MISSING_ENUM_SYMBOLS') return `symbols ${message} ${direction === 'backward' ? '→ gone' : 'are new'}`
  if (rule === 'FIXED_SIZE_MISMATCH' && older.type === 'fixed' && newer.type === 'fixed') return `size ${older.size} → ${newer.size}`
  return `${titleOf(older)} → ${titleOf(newer)}`
}

function fixOf({ rule, direction, field }: Break): string {
  const backward = direction === 'backward'
  switch (rule) {
    case 'READER_FIELD_MISSING_DEFAULT_VALUE':
      return backward
        ? `give ${field?.name} a default, or name the field it replaces in "aliases"`
        : `keep ${field?.name}: older readers have no default for it. Give it a default first, remove it in a later version`
    case 'MISSING_ENUM_SYMBOLS':
      return backward
        ? 'keep the symbols, or give the enum a "default"'
        : 'older readers know no such symbol and the enum they know has no "default": add a default first, the symbol in a later subject version'
    case 'NAME_MISMATCH':
      return backward
        ? 'keep the name, or add the old full name to "aliases"'
        : 'keep the name: older readers have no alias for the new one'
    case 'MISSING_UNION_BRANCH':
      return backward ? 'keep the branch in the union' : 'older readers lack this branch: use a new field with a default instead'
    case 'FIXED_SIZE_MISMATCH':
      return 'keep the size, or add a new field with a default'
    case 'TYPE_MISMATCH':
      return 'keep the type, or add a new field with a default beside the old one'
    case 'CHECK_FAILED':
      return 'leave only one of the names that the field answers to: its own or one alias'
  }
}
