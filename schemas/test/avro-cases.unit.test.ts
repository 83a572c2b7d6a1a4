import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import { InvalidSchema } from '../avro/names.ts'
import { parseAvroSchema } from '../avro/parse.ts'
import type { Json } from '../avro/schema.ts'
import { judge, LEVELS, type Level } from '../check/compatibility.ts'

type Fault = { type: string; path: string; message: string; direction?: string; version?: number }
type Case = { id: string; title: string; versions: Json[]; verdicts: Record<Level, { compatible: boolean; errors: Fault[] }> }

const cases: Case[] = JSON.parse(readFileSync(new URL('avro-cases.json', import.meta.url), 'utf8'))

/** Of the Java library's message on an ambiguous field, which quotes the whole writer, the part before. */
const MATCHES_MULTIPLE = /(?<=matches multiple fields in writer record schema ).*/

function judged({ versions }: Case, level: Level): Fault[] {
  try {
    const schemas = versions.map(parseAvroSchema)
    const candidate = schemas.pop()
    if (candidate === undefined) throw new Error('a case without versions')
    return judge(candidate, schemas, level).map(({ rule, path, message, direction, version }) => ({
      type: rule,
      path,
      message,
      direction,
      version,
    }))
  } catch (error) {
    if (error instanceof InvalidSchema) return [{ type: 'INVALID_SCHEMA', path: '', message: error.message }]
    throw error
  }
}

const short = ({ message, ...fault }: Fault) => ({
  ...fault,
  message: fault.type === 'INVALID_SCHEMA' ? message.split(' not a ')[0] : message.replace(MATCHES_MULTIPLE, ''),
})

describe('the compatibility rules agree with Avro’s Java library', () => {
  it('on more than eighty cases', () => {
    expect(cases).to.have.length.above(80)
  })
  for (const example of cases) {
    it(`${example.id}: ${example.title}`, () => {
      for (const level of LEVELS) {
        expect(judged(example, level).map(short), level).to.deep.equal(example.verdicts[level].errors.map(short))
      }
    })
  }
})
