import { existsSync, readFileSync } from 'node:fs'
import { avroType } from '@tally/platform/avro/framing'
import { expect } from 'chai'
import { schemaOf, TOPICS_WITH_SCHEMA } from '../contract/files.ts'
import { publishedVersions } from '../contract/history.ts'
import { subjectOf } from '../contract/topics.ts'
import { plain } from '../topics/record-line.ts'

type Golden = { body: string; value: Record<string, unknown> }

const pathOf = (subject: string, version: number) => new URL(`golden/${subject}-${version}.json`, import.meta.url)
const goldenOf = (subject: string, version: number): Golden => JSON.parse(readFileSync(pathOf(subject, version), 'utf8'))

/** What a reader makes of bytes that another schema wrote. */
function read(readerSchema: string, writerSchema: string, { body }: Golden): Record<string, unknown> {
  const reader = avroType<Record<string, unknown>>(readerSchema)
  return plain(reader.fromBuffer(Buffer.from(body, 'hex'), reader.createResolver(avroType(writerSchema)))) as Record<string, unknown>
}

describe('recorded events', () => {
  for (const topic of TOPICS_WITH_SCHEMA) {
    const subject = subjectOf(topic)
    const versions = publishedVersions(subject)
    for (const { version, schema } of versions) {
      it(`${subject} version ${version} are kept, and today’s reader reads them`, () => {
        expect(existsSync(pathOf(subject, version)), `record one: test/golden/${subject}-${version}.json`).to.equal(true)
        const golden = goldenOf(subject, version)
        expect(read(schemaOf(topic), schema, golden)).to.deep.include(golden.value)
      })
    }

    it(`${subject}: today’s are read by the oldest reader`, () => {
      const [oldest] = versions
      if (oldest === undefined) throw new Error('nothing was published')
      const golden = goldenOf(subject, versions.length)
      const seen = read(oldest.schema, schemaOf(topic), golden)
      for (const [name, value] of Object.entries(seen)) if (name in golden.value) expect(value, name).to.deep.equal(golden.value[name])
    })

    it(`${subject}: today’s writer writes the very bytes`, () => {
      const { body } = goldenOf(subject, versions.length)
      const type = avroType<unknown>(schemaOf(topic))
      expect(type.toBuffer(type.fromBuffer(Buffer.from(body, 'hex'))).toString('hex')).to.equal(body)
    })
  }
})
