import { randomUUID } from 'node:crypto'
import { StopProcess, Unavailable } from '@tally/platform/errors'
import { expect } from 'chai'
import { stack } from '../../test/support/stack.ts'
import { httpSubjects } from '../src/http-subjects.ts'
import { planPublication, publishSchemas } from '../src/publish-schemas.ts'

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
})
