import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { expect } from 'chai'

const root = new URL('..', import.meta.url)
const files = execFileSync('git', ['ls-files', '*.ts'], { cwd: root, encoding: 'utf8' }).trim().split('\n')
const PACKAGES = /^(?:schemas|platform|connectors|ingest-api|aggregator|forecaster|dlq-replayer)\/(?!test\/)/
const sources = files.filter((file) => PACKAGES.test(file))
const read = (file: string) => readFileSync(new URL(file, root), 'utf8')
const code = (file: string) => read(file).replace(/^\s*(\/\/|\*|\/\*).*$/gm, '')

describe('the house', () => {
  it('reads the clock in clock.ts alone', () => {
    const reading = sources.filter((file) => file !== 'platform/process/clock.ts' && /\bDate\.now\(|new Date\(\)/.test(code(file)))
    expect(reading).to.deep.equal([])
  })

  it('knows no order, bucket or forecast in platform', () => {
    const inPlatform = sources.filter((file) => file.startsWith('platform/'))
    const words = /\b(?:order(?:s|Id)?Placed|\w*[oO]rder(?:Id|Event|Bucket|Forecast)\w*|forecast\w*)\b/
    expect(inPlatform.filter((file) => words.test(code(file)))).to.deep.equal([])
  })

  it('opens every source with what it promises', () => {
    expect(sources.filter((file) => !read(file).startsWith('// '))).to.deep.equal([])
  })
})
