import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { expect } from 'chai'
import { schemaOf, TOPICS_WITH_SCHEMA } from '../contract/files.ts'
import { publishedFor, publishedVersions } from '../contract/history.ts'
import { subjectOf } from '../contract/topics.ts'
import { typesCalledFor, typesIn } from './support/typescript-face.ts'

const folder = new URL('..', import.meta.url).pathname
const root = new URL('../..', import.meta.url).pathname

const FACES = { 'order-events': 'order-placed', 'order-buckets': 'order-bucket', 'order-forecasts': 'order-forecast' }

describe('the schemas', () => {
  for (const topic of TOPICS_WITH_SCHEMA) {
    it(`${topic}: the TypeScript types are exactly what the schema calls for`, () => {
      const source = readFileSync(`${folder}contract/${FACES[topic]}.ts`, 'utf8')
      expect(Object.fromEntries(typesIn(source))).to.deep.equal(Object.fromEntries(typesCalledFor(schemaOf(topic))))
    })

    it(`${topic}: every record and every field says what it is`, () => {
      expect(undocumented(JSON.parse(schemaOf(topic)))).to.deep.equal([])
    })

    it(`${topic}: what this checkout writes is the newest published version`, () => {
      expect(publishedFor(topic).at(-1)?.schema).to.equal(schemaOf(topic))
    })
  }

  it('cover every file: no schema lies beside that no topic has', () => {
    const files = readdirSync(folder).filter((name) => name.endsWith('.avsc'))
    expect(files.map((name) => readFileSync(folder + name, 'utf8')).sort()).to.deep.equal(TOPICS_WITH_SCHEMA.map(schemaOf).sort())
  })
})

describe('history/', () => {
  it('holds nothing but versions of subjects in use', () => {
    expect(readdirSync(`${folder}history`).sort()).to.deep.equal(TOPICS_WITH_SCHEMA.map(subjectOf).sort())
    for (const subject of readdirSync(`${folder}history`)) {
      expect(readdirSync(`${folder}history/${subject}`), subject).to.have.length(publishedVersions(subject).length)
    }
  })

  it('only ever grows: no published version was changed or removed', function () {
    if (!existsSync(`${root}.git`)) return this.skip()
    const touched = (...of: string[]) =>
      execFileSync('git', [...of, '--no-renames', '--diff-filter=MDT', '--name-only', '--', 'schemas/history'], {
        cwd: root,
        encoding: 'utf8',
      })
    expect(touched('log', '--format=')).to.equal('')
    expect(touched('diff', 'HEAD')).to.equal('')
  })
})

/** Paths of records and fields without a doc. */
function undocumented(schema: unknown, path = ''): string[] {
  if (Array.isArray(schema)) return schema.flatMap((branch) => undocumented(branch, path))
  if (typeof schema !== 'object' || schema === null) return []
  const { name, doc, type, fields, items, values } = schema as Record<string, unknown>
  const at = typeof name === 'string' ? `${path}/${name}` : path
  const own = typeof name === 'string' && (typeof doc !== 'string' || doc.length < 5) ? [at] : []
  const inner = [...(Array.isArray(fields) ? fields : []), items, values, typeof type === 'string' ? undefined : type]
  return [...own, ...inner.flatMap((part) => undocumented(part, at))]
}
