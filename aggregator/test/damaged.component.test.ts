// The file on a disk that fails it: old versions, flipped bytes, no space left. Nothing wrong is ever counted.
import { execFileSync } from 'node:child_process'
import { closeSync, openSync, readSync, statSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { duckDbFault } from '@tally/platform/duckdb/faults'
import { StopProcess, Unavailable } from '@tally/platform/process/errors'
import { createLog } from '@tally/platform/process/log'
import { expect } from 'chai'
import { until } from '../../test/support/until.ts'
import { tendCounts } from '../store/maintain-counts.ts'
import { duckdbTending } from '../store/maintenance.ts'
import { MIGRATIONS } from '../store/schema.ts'
import { DAY_MS, openCounting, scratch } from './support/counting.ts'
import { event, handClock, line, newId, slice } from './support/orders.ts'

/** Orders of minutes that no other call has, so that every call makes the file longer. */
const manyAt = (from: number, count = 500) =>
  Array.from({ length: count }, (_, n) => event(newId(), { placedAt: BigInt(from + n) * 60_000_000n, lines: [line(`C${n % 50}`, 1, 1n)] }))

const faultOf = (work: Promise<unknown>) =>
  work.then(
    () => undefined,
    (error) => error,
  )

/** Turns every bit of 64 bytes in each 4 KiB. */
function flip(path: string, from: number): void {
  const file = openSync(path, 'r+')
  const bytes = Buffer.alloc(64)
  for (let at = from; at < statSync(path).size - 64; at += 4_096) {
    readSync(file, bytes, 0, 64, at)
    writeSync(
      file,
      bytes.map((byte) => byte ^ 0xff),
      0,
      64,
      at,
    )
  }
  closeSync(file)
}

describe('the counts file', () => {
  let files: ReturnType<typeof scratch>
  beforeEach(() => {
    files = scratch()
  })
  afterEach(() => files.remove())

  it('of an earlier version is brought to the newest, with all that it holds', async () => {
    const instance = await DuckDBInstance.create(files.path)
    const connection = await instance.connect()
    await connection.run('create table schema_version (version integer not null); insert into schema_version values (1)')
    await connection.run(MIGRATIONS[0] as string)
    await connection.run(`update state set as_of = 60000000, revision = 7; insert into positions values (0, 3);
      insert into series values (0, 'Chairs', 'USD'); insert into counts values (5, 0, 3, 6, 3000, 7), (6, 0, 1, 2, 1000, 6);
      insert into dirty values (5, 0, 7)`)
    connection.closeSync()
    instance.closeSync()
    const opened = await openCounting(files.path)
    expect(opened.counting.state()).to.deep.include({ asOf: 60_000_000n, revision: 7n, foldedBelow: 0 })
    expect(await opened.rows('from dirty')).to.deep.equal([[5, 0, 7n]])
    await opened.counting.handle(slice(3n, [event(newId(), { placedAt: 300_000_000n })]))
    expect(await opened.totals()).to.deep.equal(['5 Chairs USD 4/8/4000', '6 Chairs USD 1/2/1000'])
    expect(await opened.rows('select max(version) from schema_version')).to.deep.equal([[MIGRATIONS.length]])
    await opened.close()
  })

  it('with flipped bytes is not opened, and the fault says where to read on', async () => {
    const opened = await openCounting(files.path)
    for (let n = 0; n < 4; n += 1) await opened.counting.handle(slice(BigInt(n * 500), manyAt(n * 500)))
    await opened.close()
    files.keepCopy()
    for (const from of [0, 4_096, 12_288]) {
      files.restoreCopy()
      flip(files.path, from)
      const fault = await faultOf(openCounting(files.path))
      expect(fault).to.be.instanceOf(StopProcess)
      expect(fault.message).to.contain('rebuild-counts.md')
    }
    files.restoreCopy()
    const again = await openCounting(files.path)
    expect(await again.totals()).to.have.length(2_000)
    await again.close()
  })

  it('found corrupt while it is open ends the process: waiting would not help', () => {
    expect(
      duckDbFault(new Error('IO Error: Corrupt database file: computed checksum 1 does not match stored checksum 2')),
    ).to.be.instanceOf(StopProcess)
  })

  it('counts nothing while its disk is full, and goes on once there is space', async function () {
    const disk = join(files.folder, 'disk')
    execFileSync('mkdir', [disk])
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=3m', 'tmpfs', disk], { stdio: 'ignore' })
    } catch {
      return this.skip() // a small file system needs root
    }
    try {
      let opened = await openCounting(join(disk, 'counts.duckdb'))
      let next = 0
      let fault: unknown
      for (; fault === undefined && next < 100_000; next += 500) {
        fault = await faultOf(opened.counting.handle(slice(BigInt(next), manyAt(next))))
      }
      next -= 500
      expect(fault instanceof Unavailable || fault instanceof StopProcess, String(fault)).to.equal(true)
      const counted = async () => (await opened.rows('select sum(orders)::integer from counts'))[0]?.[0]
      if (fault instanceof Unavailable) expect(await counted()).to.equal(next)
      execFileSync('mount', ['-o', 'remount,size=64m', disk])
      if (fault instanceof StopProcess) {
        await faultOf(opened.close())
        opened = await openCounting(join(disk, 'counts.duckdb'))
      }
      expect([await counted(), Number(opened.counting.startAt('', 0))]).to.deep.equal([next, next])
      for (const end = next + 5_000; next < end; next += 500) await opened.counting.handle(slice(BigInt(next), manyAt(next)))
      expect(await counted()).to.equal(next)
      await opened.close()
    } finally {
      execFileSync('umount', ['-l', disk])
    }
  })

  it('takes its WAL in on schedule, also while somebody reads', async () => {
    const clock = handClock()
    const opened = await openCounting(files.path, { clock })
    const tending = await duckdbTending(await opened.file.connect())
    const keeping = { historyMs: DAY_MS, minuteRetentionMs: 36_500 * DAY_MS }
    const passes = tendCounts({ tending, counting: opened.counting, ...keeping, clock, log: createLog('test', 'silent') })
    await opened.counting.handle(slice(0n, manyAt(0)))
    const walBytes = () => statSync(`${files.path}.wal`, { throwIfNoEntry: false })?.size ?? 0
    expect(walBytes()).to.be.greaterThan(10_000)
    const reader = await opened.file.connect()
    await reader.run('begin transaction read only')
    await reader.run('from counts')
    clock.at += 300_000
    await until(
      () => {
        passes.wake()
        return walBytes() < 1_000
      },
      { what: 'the WAL is in the file' },
    )
    reader.closeSync()
    await passes.stop()
    await opened.counting.handle(slice(500n, manyAt(500)))
    await opened.close()
    expect(walBytes()).to.equal(0)
  })
})
