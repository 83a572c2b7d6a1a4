import { existsSync, readFileSync } from 'node:fs'
import { expect } from 'chai'

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
})

describe('docs/flow.md', () => {
  it('names files that are there', () => {
    const text = read('docs/flow.md')
    const files = [...text.matchAll(/`([\w-]+\/[\w/-]+\.(?:ts|json|yaml))(?: \w+)?`/g)].map(([, file]) => file ?? '')
    expect(files.length).to.be.greaterThan(20)
    expect(files.filter((file) => !existsSync(new URL(`../${file}`, import.meta.url)))).to.deep.equal([])
  })
})
