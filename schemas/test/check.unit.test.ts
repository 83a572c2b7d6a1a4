import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { childEnvironment } from '../../test/support/config.ts'

const main = new URL('../check.ts', import.meta.url).pathname
const record = (...fields: object[]) => ({
  type: 'record',
  name: 'Sale',
  namespace: 'shop',
  fields: [{ name: 'id', type: 'long' }, ...fields],
})

describe('make schema-check', () => {
  let folder: string
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'schema-check-'))
  })
  after(() => rmSync(folder, { recursive: true, force: true }))

  function file(name: string, content: unknown): string {
    const path = join(folder, name)
    writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content, undefined, 2))
    return path
  }

  function check(variables: Record<string, string> = {}) {
    const env = childEnvironment({ GITHUB_ACTIONS: '', SCHEMA_REGISTRY_URL: '', ...variables })
    const { status, stdout, stderr } = spawnSync(process.execPath, [main], { env, encoding: 'utf8' })
    return { exitCode: status, stdout, stderr }
  }

  it('finds this repository’s schemas compatible with all of history, and well kept', () => {
    expect(check()).to.deep.include({ exitCode: 0, stdout: 'order-events-value, order-buckets-value, order-forecasts-value: compatible\n' })
  })

  it('ends with 0 for a compatible candidate', () => {
    const older = file('1.avsc', record())
    const candidate = file('ok.avsc', record({ name: 'note', type: 'string', default: '' }))
    expect(check({ CANDIDATE: candidate, AGAINST: older, LEVEL: 'FULL' })).to.include({ exitCode: 0 })
  })

  it('takes the default of a field for what a record’s default leaves out, also where the field is called as objects’ own are', () => {
    const inner = { type: 'record', name: 'Inner', fields: [{ name: 'constructor', type: 'string', default: '' }] }
    const candidate = file('inner.avsc', record({ name: 'inner', type: inner, default: {} }))
    expect(check({ CANDIDATE: candidate, AGAINST: file('1.avsc', record()), LEVEL: 'FULL' })).to.include({ exitCode: 0 })
  })

  it('names file and line, rule, change, who breaks, and the fix', () => {
    const older = file('1.avsc', record())
    const candidate = file('bad.avsc', record({ name: 'note', type: 'string' }))
    const { exitCode, stdout } = check({ CANDIDATE: candidate, AGAINST: older, LEVEL: 'BACKWARD' })
    expect(exitCode).to.equal(1)
    expect(stdout).to.contain(`${candidate}:10: error READER_FIELD_MISSING_DEFAULT_VALUE at /fields/1: note\n`)
    expect(stdout)
      .to.contain('no field note → field note without a default')
      .and.contain('give note a default')
      .and.contain('cannot read records')
  })

  it('judges every version when the level is transitive, and the newest alone when not', () => {
    const AGAINST = [file('1.avsc', record()), file('2.avsc', record({ name: 'note', type: 'string' }))].join(' ')
    const CANDIDATE = file('3.avsc', record({ name: 'note', type: 'string' }))
    expect(check({ CANDIDATE, AGAINST, LEVEL: 'BACKWARD' })).to.include({ exitCode: 0 })
    const all = check({ CANDIDATE, AGAINST, LEVEL: 'BACKWARD_TRANSITIVE', JSON: '1' })
    expect(all.exitCode).to.equal(1)
    const { compatible, errors } = JSON.parse(all.stdout)
    expect(compatible).to.equal(false)
    expect(errors).to.have.length(1)
    expect(errors[0]).to.include({ type: 'READER_FIELD_MISSING_DEFAULT_VALUE', path: '/fields/1', direction: 'backward', version: 0 })
  })

  it('ends with 1 for what Avro does not accept, at its line', () => {
    const candidate = file('invalid.avsc', record({ name: 'note', type: 'string', default: null }))
    const { exitCode, stdout } = check({ CANDIDATE: candidate })
    expect(exitCode).to.equal(1)
    expect(stdout).to.contain(`${candidate}:10: error INVALID_SCHEMA`)
  })

  it('ends with 2 when it could not check', () => {
    const candidate = file('1.avsc', record())
    expect(check({ CANDIDATE: join(folder, 'not-there.avsc') })).to.include({ exitCode: 2 })
    expect(check({ CANDIDATE: file('text.avsc', 'not json') })).to.include({ exitCode: 2 })
    expect(check({ CANDIDATE: candidate, AGAINST: join(folder, 'not-there.avsc') })).to.include({ exitCode: 2 })
    expect(check({ CANDIDATE: candidate, LEVEL: 'SIDEWAYS' })).to.include({ exitCode: 2 })
    expect(check({ BASE: 'no-such-branch' })).to.include({ exitCode: 2 })
    const machine = check({ CANDIDATE: join(folder, 'not-there.avsc'), JSON: '1' })
    expect(JSON.parse(machine.stdout)).to.include({ compatible: null })
  })

  it('shows what changes meaning without an error, which fails only when strict', () => {
    const time = (unit: string) => ({ name: 'at', type: { type: 'long', logicalType: unit } })
    const AGAINST = file('1.avsc', record(time('timestamp-millis')))
    const CANDIDATE = file('2.avsc', record(time('timestamp-micros')))
    const lenient = check({ CANDIDATE, AGAINST })
    expect(lenient.exitCode).to.equal(0)
    expect(lenient.stdout).to.contain('warning TIMESTAMP_UNIT_CHANGED at /fields/1/type')
    expect(check({ CANDIDATE, AGAINST, STRICT: '1' })).to.include({ exitCode: 1 })
  })

  it('annotates a review and writes a JUnit report', () => {
    const CANDIDATE = file('bad.avsc', record({ name: 'note', type: 'string' }))
    const JUNIT = join(folder, 'report.xml')
    const { stdout } = check({ CANDIDATE, AGAINST: file('1.avsc', record()), GITHUB_ACTIONS: 'true', JUNIT })
    expect(stdout).to.contain(`::error file=${CANDIDATE},line=10,title=READER_FIELD_MISSING_DEFAULT_VALUE::`)
    expect(spawnSync('cat', [JUNIT], { encoding: 'utf8' }).stdout).to.contain('<failure type="READER_FIELD_MISSING_DEFAULT_VALUE"')
  })
}).timeout(60_000)
