import { existsSync, readFileSync } from 'node:fs'
import { expect } from 'chai'
import { MUTATIONS } from './mutations/mutations.ts'

const read = (path: string) => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8')
const TEST = /^- `(?<file>[^`]+)` "(?<title>.+)"$/gm

describe('docs/guarantees.md', () => {
  it('names tests that are there', () => {
    const named = [...read('docs/guarantees.md').matchAll(TEST)].map(({ groups }) => ({
      file: groups?.file ?? '',
      title: groups?.title ?? '',
    }))
    expect(named.length).to.be.greaterThan(20)
    const gone = named.filter(({ file, title }) => !existsSync(new URL(`../${file}`, import.meta.url)) || !read(file).includes(title))
    expect(gone).to.deep.equal([])
  })

  it('shows what make mutations takes out, and of sources that still have it', () => {
    const page = read('docs/guarantees.md')
    const rows = page.match(/^\| .+ \| `.+` \| `.+` ".+" \|$/gm)
    expect(rows).to.deep.equal(MUTATIONS.map(({ name, file, test }) => `| ${name} | \`${file}\` | \`${test.file}\` "${test.title}" |`))
    for (const { name, file, search, test } of MUTATIONS) {
      expect(read(file).split(search), `${name}: ${file} has once what test/mutations/mutations.ts takes out`).to.have.lengthOf(2)
      expect(existsSync(new URL(`../${test.file}`, import.meta.url)), test.file).to.equal(true)
    }
  })
})

describe('docs/flow.md', () => {
  it('names files that are there', () => {
    const text = read('docs/flow.md')
    const files = [...text.matchAll(/`([\w-]+\/[\w/-]+\.(?:ts|json|yaml))(?: \w+)?`/g)].map(([, file]) => file ?? '')
    expect(files.length).to.be.greaterThan(20)
    expect(files.filter((file) => !existsSync(new URL(`../${file}`, import.meta.url)))).to.deep.equal([])
  })
})
