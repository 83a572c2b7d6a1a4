// Checks one candidate against the versions before it: faults by the level, warnings by what a business would miss.
import type { Schema } from '#avro/schema'
import { type Break, judge, type Level } from './compatibility.ts'
import { explain } from './explain-break.ts'
import type { Finding } from './finding.ts'
import { type ReadSchema, readSchema, type SchemaFile } from './read-schema.ts'
import { warnings } from './schema-warnings.ts'

export type Candidate = SchemaFile & { subject?: string; level: Level; versions: SchemaFile[] }

/**
 * Every finding, faults first.
 * @throws NotJson when a file cannot be read as JSON
 */
export function checkSchema({ subject, level, versions, ...file }: Candidate): Finding[] {
  const candidate = readSchema(file)
  const older = versions.map(readSchema)
  const invalid = [candidate, ...older].flatMap((read) => ('invalid' in read ? [invalidFinding(read, read.invalid)] : []))
  if (invalid.length > 0 || 'invalid' in candidate) return invalid
  const schemas = older.flatMap((read) => ('schema' in read ? [read.schema] : []))
  const faults = judge(candidate.schema, schemas, level).map((fault) => breakFinding(fault, candidate, older[fault.version], subject))
  const latest = schemas.at(-1)
  return [
    ...faults,
    ...warnings(candidate.schema, latest).map(({ at, ...warning }) => ({
      severity: 'warning' as const,
      path: at === '' ? '/' : at,
      file: candidate.file,
      line: candidate.lineOf(at),
      ...(latest !== undefined && { against: older.at(-1)?.file ?? '' }),
      ...warning,
    })),
  ]
}

function invalidFinding(read: ReadSchema, { message, at }: { message: string; at: string }): Finding {
  return {
    severity: 'error',
    type: 'INVALID_SCHEMA',
    path: '',
    message,
    file: read.file,
    line: read.lineOf(at),
    fix: 'Avro does not accept this schema: mend it first, nothing else was checked',
  }
}

/** The candidate's own line, whichever side of the clash it is on. */
function breakFinding(fault: Break, candidate: ReadSchema, older: ReadSchema | undefined, subject: string | undefined): Finding {
  const { rule, path, message, direction, version, reader, writer, field } = fault
  const own: Schema = direction === 'backward' ? reader : writer
  const at = direction === 'backward' && field ? field.at : own.at
  return {
    severity: 'error',
    type: rule,
    path,
    message,
    file: candidate.file,
    line: candidate.lineOf(at),
    direction,
    version,
    against: older?.file ?? '',
    ...explain(fault, subject),
  }
}
