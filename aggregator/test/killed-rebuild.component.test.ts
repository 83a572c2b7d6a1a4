// The process is killed at every step of a rebuild; whatever it leaves behind is whole, and another rebuild mends it.
import { spawnSync } from 'node:child_process'
import { copyFileSync, existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { type Opened, openCounting, scratch } from './support/counting.ts'
import { countRest } from './support/killed-counter.ts'
import { rebuild } from './support/killed-rebuilder.ts'

const REBUILDER = fileURLToPath(new URL('./support/killed-rebuilder.ts', import.meta.url))

/** Sums, remembered events and the revision: what a rebuild changes together. */
const whole = async ({ totals, rows }: Opened) =>
  [
    ...(await totals()),
    ...(await rows('select event_id from seen_20261124 order by all')),
    ...(await rows('select revision from state')),
  ].join()

describe('a process that rebuilds', () => {
  const harmed = scratch()
  let right: string[]
  let asItWas: string
  before(async () => {
    const opened = await openCounting(harmed.path)
    await countRest(opened.counting)
    right = await opened.totals()
    const connection = await opened.file.connect()
    await connection.run('create or replace table summed as from counts; update absorbed set revision = (select revision from state)')
    await connection.run('update summed set orders = orders + 1, units = units + 3')
    await connection.run('delete from seen_20261124 where event_id in (select min(event_id) from seen_20261124)')
    connection.closeSync()
    asItWas = await whole(opened)
    await opened.close()
  })
  after(() => harmed.remove())

  it('killed at any of its steps leaves the counts as they were, or right, and another rebuild makes them right', async function () {
    this.timeout(600_000)
    const left: string[] = []
    let mended = ''
    for (let atStep = 1; ; atStep += 1) {
      const files = scratch()
      try {
        copyFileSync(harmed.path, files.path)
        const { signal, status, stderr } = spawnSync(process.execPath, [REBUILDER, files.path, String(atStep)], { encoding: 'utf8' })
        const opened = await openCounting(files.path)
        left.push(await whole(opened))
        if (signal === 'SIGKILL') expect(await rebuild(opened, files.path)).to.include({ state: 'done' })
        else expect(status, stderr).to.equal(0)
        expect(await opened.totals(), `killed at step ${atStep}, then rebuilt`).to.deep.equal(right)
        expect(existsSync(`${files.path}.rebuild`)).to.equal(false)
        mended = await whole(opened)
        await opened.close()
        if (signal !== 'SIGKILL') break
      } finally {
        files.remove()
      }
    }
    expect(left.filter((one) => one !== asItWas && one !== mended)).to.deep.equal([])
    expect(left.indexOf(mended)).to.be.within(10, left.length - 2)
  })
})
