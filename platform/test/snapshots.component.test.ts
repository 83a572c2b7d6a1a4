import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { DuckDBConnection } from '@duckdb/node-api'
import { expect } from 'chai'
import { until } from '../../test/support/until.ts'
import { type DuckDbFile, openDuckDb, readRows } from '../duckdb/file.ts'
import { duckdbSnapshots } from '../duckdb/snapshots.ts'
import { Unavailable } from '../process/errors.ts'
import { createLog } from '../process/log.ts'

const ENDLESS = 'select count(*) from range(1_000_000_000) a, range(1_000_000_000) b where hash(a.range, b.range) = 3'

describe('snapshots of a DuckDB file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tally-snapshots-'))
  let file: DuckDbFile
  const asError = (error: unknown) => error
  before(async () => {
    file = await openDuckDb({ path: join(folder, 'test.duckdb'), log: createLog('test', 'silent'), stopping: new AbortController().signal })
    const connection = await file.connect()
    await connection.run('create table t (a integer)')
    connection.closeSync()
  })
  after(async () => {
    await file.close()
    rmSync(folder, { recursive: true })
  })

  it('leave the writer a thread, however many of them do not end', async () => {
    // Longer than the test: none is to be given up before the writer is done.
    const inSnapshot = duckdbSnapshots(file.connect, 60_000)
    const begun: DuckDBConnection[] = []
    let [ended, over] = [0, false]
    const endless = async (connection: DuckDBConnection) => {
      begun.push(connection)
      if (!over) await connection.run(ENDLESS)
    }
    const writer = await file.connect()
    const count = () => {
      ended += 1
    }
    const reading = Array.from({ length: 6 }, () => inSnapshot(endless).then(count, count))
    await until(() => begun.length > 1, { what: 'two are under way' })
    for (let n = 0; n < 5; n += 1) await writer.run('insert into t values (1)')
    expect(ended).to.equal(0)
    over = true
    await until(() => begun.map((connection) => connection.interrupt()).length > 0 && ended === reading.length, { what: 'all have ended' })
    expect(await readRows(writer, 'select count(*) from t')).to.deep.equal([[5n]])
    writer.closeSync()
  })

  it('come in the order in which they were asked for, two at a time', async () => {
    const inSnapshot = duckdbSnapshots(file.connect)
    const ends = Array.from({ length: 9 }, () => Promise.withResolvers<void>())
    const begun: number[] = []
    const reading = ends.map((end, n) =>
      inSnapshot(async () => {
        begun.push(n)
        await end.promise
      }),
    )
    // Two that have their turn at once may begin in either order: their threads do not know each other.
    await until(() => begun.length > 1, { what: 'two have begun' })
    expect(begun.toSorted()).to.deep.equal([0, 1])
    for (let n = 2; n < ends.length; n += 1) {
      ends[n - 2]?.resolve()
      await until(() => begun.length > n, { what: `${n} has begun` })
      expect(begun.slice(2)).to.deep.equal(Array.from({ length: n - 1 }, (_, place) => place + 2))
    }
    for (const end of ends) end.resolve()
    await Promise.all(reading)
  })

  it('are refused when too many wait, and go on after one that failed', async () => {
    const inSnapshot = duckdbSnapshots(file.connect)
    const held = Promise.withResolvers<void>()
    const reading = Array.from({ length: 102 }, (_, n) =>
      inSnapshot(async () => {
        await held.promise
        if (n < 2) throw new RangeError('on purpose')
        return n
      }).catch(asError),
    )
    const refused = await inSnapshot(async () => {}).catch(asError)
    expect(refused)
      .to.be.instanceOf(Unavailable)
      .with.property('message', 'Too many questions are waiting right now. Ask again in a moment.')
    held.resolve()
    const answers = await Promise.all(reading)
    expect(answers.slice(0, 2).map(String)).to.deep.equal(Array(2).fill('RangeError: on purpose'))
    expect(answers.slice(2)).to.deep.equal(Array.from({ length: 100 }, (_, n) => n + 2))
    expect(await inSnapshot(async () => 'still')).to.equal('still')
  })

  it('are given up when their turn does not come in time', async () => {
    const inSnapshot = duckdbSnapshots(file.connect, 50)
    const held = Promise.withResolvers<void>()
    let begun = false
    const holding = [1, 2].map(() => inSnapshot(() => held.promise).catch(asError))
    const late = await inSnapshot(async () => {
      begun = true
    }).catch(asError)
    expect(late).to.be.instanceOf(Unavailable).with.property('message', 'It took longer than 0.05 s to answer. Ask for less, or later.')
    held.resolve()
    expect((await Promise.all(holding)).every((error) => error instanceof Unavailable)).to.equal(true)
    await until(() => inSnapshot(async () => true), { what: 'the next one has its turn' })
    expect(begun).to.equal(false)
  })
})
