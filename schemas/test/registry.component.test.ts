import { randomUUID } from 'node:crypto'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { StopProcess, Unavailable } from '@tally/platform/process/errors'
import { expect } from 'chai'
import { stack } from '../../test/support/stack.ts'
import type { Finding } from '../check/finding.ts'
import { schemaOf } from '../contract/files.ts'
import { checkPublisher, keepNewVersions } from '../registry/publish-new.ts'
import { planPublication, publishSchemas } from '../registry/publish-schemas.ts'
import { stepText } from '../registry/step-text.ts'
import { httpSubjects } from '../registry/subjects.ts'

/** A record that no other test registers, with the given fields. */
const record = (name: string, ...fields: object[]) =>
  JSON.stringify({ type: 'record', name, namespace: 'tally.test', fields: [{ name: 'id', type: 'long' }, ...fields] })

describe('publishing to the registry', () => {
  const subjects = httpSubjects(stack.schemaRegistryUrl)
  let subject: string
  let name: string
  const versions = (...schemas: string[]) => schemas.map((schema, index) => ({ subject, version: index + 1, path: '', schema }))

  beforeEach(() => {
    const unique = randomUUID().slice(0, 8)
    subject = `publish-${unique}-value`
    name = `T${unique}`
  })

  afterEach(async () => {
    for (const query of ['', '?permanent=true']) await fetch(`${stack.schemaRegistryUrl}/subjects/${subject}${query}`, { method: 'DELETE' })
  })

  it('registers every version in order and sets the level', async () => {
    const both = versions(record(name), record(name, { name: 'note', type: 'string', default: '' }))
    const steps = await publishSchemas(both, subjects)
    expect(steps.map(({ state }) => state)).to.deep.equal(['level', 'new', 'new'])
    expect(await subjects.level(subject)).to.equal('FULL_TRANSITIVE')
    const answer = await fetch(`${stack.schemaRegistryUrl}/subjects/${subject}/versions`)
    expect(await answer.json()).to.deep.equal([1, 2])
  })

  it('changes nothing the second time', async () => {
    const one = versions(record(name))
    await publishSchemas(one, subjects)
    const id = await subjects.find(subject, record(name))
    expect(await publishSchemas(one, subjects)).to.deep.equal([{ subject, version: 1, state: 'registered', id }])
  })

  it('says which version the registry keeps as an earlier one: nothing but an alias is new in it', async () => {
    const aliased = record(name).replace('"name":"id"', '"name":"id","aliases":["key"]')
    await publishSchemas(versions(record(name)), subjects)
    const steps = await publishSchemas(versions(record(name), aliased), subjects)
    expect(steps.map((step) => stepText(step, 'did')).at(-1))
      .to.include('version 2: registered')
      .and.include('kept as version 1')
  })

  it('is refused by the registry with its reason when the schema itself is wrong', async () => {
    await publishSchemas(versions(record(name)), subjects)
    const wrong = record(name, { name: 'note', type: 'strin' })
    const refusal = await subjects.register(subject, wrong).catch((error: unknown) => error)
    expect(refusal).to.be.instanceOf(StopProcess).with.property('message').that.contains('422')
  })

  it('plans without doing', async () => {
    await planPublication(versions(record(name)), subjects)
    expect(await subjects.find(subject, record(name))).to.equal(undefined)
    expect(await subjects.level(subject)).to.equal(undefined)
  })

  it('refuses a version that cannot be read together with the published ones, and publishes nothing', async () => {
    await publishSchemas(versions(record(name)), subjects)
    const incompatible = record(name, { name: 'note', type: 'string' })
    const refusal = await publishSchemas(versions(record(name), incompatible), subjects).catch((error: unknown) => error)
    expect(refusal)
      .to.be.instanceOf(StopProcess)
      .with.property('message')
      .that.contains(`${subject} version 2`)
      .and.contains('make schema-check')
    expect(await subjects.find(subject, incompatible)).to.equal(undefined)
  })

  it('is refused by the registry itself when asked directly', async () => {
    await publishSchemas(versions(record(name)), subjects)
    const refusal = await subjects.register(subject, record(name, { name: 'note', type: 'string' })).catch((error: unknown) => error)
    expect(refusal).to.be.instanceOf(StopProcess).with.property('message').that.contains('409')
  })

  it('says that the registry is away, and what to look at', async () => {
    const away = httpSubjects('http://127.0.0.1:1024/apis/ccompat/v7')
    const fault = await publishSchemas(versions(record(name)), away).catch((error: unknown) => error)
    expect(fault).to.be.instanceOf(Unavailable).with.property('message').that.contains('make status')
  })

  describe('a new version of this checkout', () => {
    let folder: string
    const topics = ['order-events'] as const
    const written = () => join(folder, 'order-events-value', '1.avsc')
    const keep = (findings: Pick<Finding, 'severity'>[]) =>
      keepNewVersions({ topics, folder, check: () => [{ name: 'order-events-value', findings: findings as Finding[] }], subjects })

    beforeEach(() => {
      folder = `${mkdtempSync(join(tmpdir(), 'history-'))}/`
    })
    afterEach(() => rmSync(folder, { recursive: true }))

    it('is written into history/ once, as it is', async () => {
      expect((await keep([])).map(({ version, path }) => ({ version, path }))).to.deep.equal([{ version: 1, path: written() }])
      expect(readFileSync(written(), 'utf8')).to.equal(schemaOf('order-events'))
      expect(await keep([])).to.deep.equal([])
    })

    it('is not written when the check finds a fault; a warning lets it pass', async () => {
      const refusal = await keep([{ severity: 'error' }]).catch((error: unknown) => error)
      expect(refusal).to.be.instanceOf(StopProcess).with.property('message').that.contains('make schema-check')
      expect(existsSync(written())).to.equal(false)
      expect(await keep([{ severity: 'warning' }])).to.have.lengthOf(1)
    })

    it('reaches a shared registry from CI only', () => {
      expect(() => checkPublisher('https://registry.example.com/apis/ccompat/v7', false)).to.throw(StopProcess, 'CI')
      checkPublisher('https://registry.example.com/apis/ccompat/v7', true)
      checkPublisher('http://127.0.0.1:8081/apis/ccompat/v7', false)
    })
  })
})
