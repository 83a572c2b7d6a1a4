// Texts are held by files beside the tests. To renew one: delete it, run, look at what was written, run again.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { expect } from 'chai'

const folder = new URL('../snapshots/', import.meta.url)

/** Holds the text against test/snapshots/NAME.txt, and to 80 columns. */
export function expectSnapshot(name: string, text: string): void {
  const file = new URL(`${name}.txt`, folder)
  if (!existsSync(file)) {
    mkdirSync(folder, { recursive: true })
    writeFileSync(file, `${text}\n`)
    throw new Error(`written: ${file.pathname}; look at it and run again`)
  }
  expect(`${text}\n`).to.equal(readFileSync(file, 'utf8'))
  expect(text.split('\n').filter((line) => [...line].length > 80)).to.deep.equal([])
}
