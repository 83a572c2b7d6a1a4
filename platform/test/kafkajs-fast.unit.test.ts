// Whether what is replaced inside KafkaJS took effect, and how it is told when it did not.
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect } from 'chai'
import { copiesOf, faultsIn, install } from '../kafkajs-fast/install.ts'

const require = createRequire(import.meta.url)

describe('what is replaced inside KafkaJS', () => {
  const loaded = () => copiesOf(Object.keys(require.cache))

  it('takes effect in the one copy that this program loads', () => {
    expect(install(true)).to.deep.equal([])
    expect(loaded()).to.deep.equal([dirname(require.resolve('kafkajs'))])
    expect(faultsIn(loaded())).to.deep.equal([])
  })

  it('is only what KafkaJS cannot do once the fast way is switched off', () => {
    try {
      expect(install(false)).to.deep.equal([])
      expect(faultsIn(loaded()).map((fault) => /as it is: (.*) is not/.exec(fault)?.[1])).to.deep.equal(['reading records'])
    } finally {
      install(true)
    }
  })

  it('is missed in a second copy, by name, with what to do', () => {
    install(true)
    const folder = mkdtempSync(join(tmpdir(), 'tally-kafkajs-'))
    const copy = join(folder, 'node_modules', 'kafkajs')
    try {
      cpSync(dirname(require.resolve('kafkajs')), copy, { recursive: true })
      require(join(copy, 'index.js'))
      expect(faultsIn(loaded())).to.deep.equal([
        `KafkaJS in ${copy}, one of 2 copies, is used as it is: the end of the log, the check of pending requests, writing records, reading records is not replaced. Install one copy: npm ci`,
      ])
    } finally {
      for (const file of Object.keys(require.cache)) if (file.startsWith(folder)) delete require.cache[file]
      rmSync(folder, { recursive: true, force: true })
    }
  })
})
