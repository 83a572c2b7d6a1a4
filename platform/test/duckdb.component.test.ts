import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect } from 'chai'
import { until } from '../../test/support/until.ts'
import { appendColumns } from '../duckdb/append.ts'
import { type DuckDbFile, migrate, openDuckDb, readRows, transaction } from '../duckdb/file.ts'
import { StopProcess, Unavailable } from '../process/errors.ts'
import { createLog } from '../process/log.ts'

const log = createLog('test', 'silent')
setFlagsFromString('--expose-gc')
const collectGarbage: () => void = runInNewContext('gc')
const fixture = (name: string) => new URL(`./support/${name}.ts`, import.meta.url).pathname

/** A child that runs a fixture; its lines of standard output. */
function child(command: string, ...argv: string[]) {
  const spawned = spawn(command, argv, { stdio: ['pipe', 'pipe', 'inherit'] })
  const line = async () => String((await once(spawned.stdout, 'data'))[0]).trim()
  return { line, spawned, exited: once(spawned, 'exit') }
}

describe('a DuckDB file', () => {
  let folder = ''
  let file: DuckDbFile | undefined
  const path = () => join(folder, 'test.duckdb')
  const openHere = async () => {
    file = await openDuckDb({ path: path(), log, stopping: new AbortController().signal })
    return file.connect()
  }

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'tally-'))
  })
  afterEach(async () => {
    await file?.close()
    file = undefined
    rmSync(folder, { recursive: true })
  })

  it('keeps what was committed, and nothing of a transaction that threw', async () => {
    const connection = await openHere()
    await migrate(connection, ['create table t (a integer)'])
    await transaction(connection, () => connection.run('insert into t values (1)'))
    const fault = await transaction(connection, async () => {
      await connection.run('insert into t values (2)')
      throw new RangeError('on purpose')
    }).catch((error) => error)
    expect(fault).to.be.instanceOf(RangeError)
    await file?.close()
    const again = await openHere()
    await migrate(again, ['create table t (a integer)', 'alter table t add column b integer'])
    expect(await readRows(again, 'select * from t')).to.deep.equal([[1, null]])
  })

  it('closes behind what runs on its connections, and rolls back what they left open', async () => {
    const connection = await openHere()
    await migrate(connection, ['create table t (a bigint)'])
    const begun = Promise.withResolvers<void>()
    const filling = transaction(connection, async () => {
      await connection.run('insert into t values (1)')
      begun.resolve()
      await connection.run('insert into t select range from range(3_000_000)')
      await connection.run('insert into t values (2)')
    }).catch((error) => error)
    await begun.promise
    await file?.close()
    expect(await filling).to.be.instanceOf(Unavailable)
    const again = await openHere()
    expect(await readRows(again, 'select count(*) from t')).to.deep.equal([[0n]])
  })

  it('takes in nothing of an append that failed, also when what appended is collected as garbage', async () => {
    const [connection, other] = [await openHere(), await file?.connect()]
    await connection.run('create table t (a bigint)')
    const memory = (limit: string) => other?.run(`set memory_limit = '${limit}'`)
    const append = () => appendColumns(connection, 't', [BigInt64Array.from({ length: 200_000 }, (_, n) => BigInt(n))])
    await memory('300KB')
    expect(await transaction(connection, append).catch((error) => error)).to.be.instanceOf(Unavailable)
    await memory('1GB')
    for (let n = 0; n < 3; n += 1) {
      collectGarbage()
      await setImmediate()
    }
    expect(await readRows(connection, 'select count(*) from t')).to.deep.equal([[0n]])
  })

  it('is left as it is once a commit failed for lack of memory: what is in memory may be wrong then', async () => {
    const ends: string[] = []
    for (const limit of ['300KB', '700KB', '1MB', '100MB']) {
      const [connection, other] = [await openHere(), await file?.connect()]
      await connection.run('create or replace table t (a bigint)')
      const append = (from: number) => appendColumns(connection, 't', [BigInt64Array.from({ length: 5_000 }, (_, n) => BigInt(from + n))])
      await transaction(connection, () => append(0))
      const end = await transaction(connection, async () => {
        await append(5_000)
        await append(10_000)
        await other?.run(`set memory_limit = '${limit}'`)
      }).then(
        () => 'committed',
        (error) => error.constructor.name,
      )
      if (end !== 'committed')
        expect(await transaction(connection, () => append(5_000)).catch((error) => error)).to.be.instanceOf(Unavailable)
      else await other?.run("set memory_limit = '1GB'")
      await file?.close()
      const [[rows, different] = []] = await readRows(await openHere(), 'select count(*), count(distinct a) from t')
      expect([end, rows, different]).to.deep.equal(end === 'committed' ? [end, 15_000n, 15_000n] : ['StopProcess', 5_000n, 5_000n])
      await file?.close()
      ends.push(end)
    }
    expect(ends).to.include.members(['StopProcess', 'committed'])
    file = undefined
  })

  it('is not opened by a program older than itself', async () => {
    const connection = await openHere()
    await migrate(connection, ['create table t (a integer)', 'create table u (a integer)'])
    const fault = await migrate(connection, ['create table t (a integer)']).catch((error) => error)
    expect(fault).to.be.instanceOf(StopProcess).with.property('exitCode', 78)
  })

  it('is not opened twice in one process', async () => {
    await openHere()
    const stopping = new AbortController().signal
    expect(await openDuckDb({ path: path(), log, stopping }).catch((error) => error)).to.be.instanceOf(StopProcess)
  })

  it('says why it cannot be opened', async () => {
    const fault = await openDuckDb({ path: join(folder, 'none', 'x.duckdb'), log, stopping: new AbortController().signal }).catch((e) => e)
    expect(fault).to.be.instanceOf(StopProcess)
    expect(fault.message).to.contain('No such file')
  })

  it('is waited for while another process holds it, and taken over when that one dies', async () => {
    const holder = child(process.execPath, fixture('duckdb-holder'), path())
    expect(await holder.line()).to.equal('open')
    const standby: string[] = []
    const opening = openDuckDb({ path: path(), log, stopping: new AbortController().signal, onStandby: (why) => standby.push(why) })
    await until(() => standby.length > 0, { what: 'it stands by' })
    const first = await Promise.race([opening, new Promise((resolve) => setTimeout(resolve, 800, 'waiting'))])
    expect(first).to.equal('waiting')
    expect(standby).to.have.length(1)
    holder.spawned.kill('SIGKILL')
    await holder.exited
    file = await opening
  })

  it('is no longer waited for when shutdown begins', async () => {
    const holder = child(process.execPath, fixture('duckdb-holder'), path())
    await holder.line()
    const controller = new AbortController()
    const opening = openDuckDb({ path: path(), log, stopping: controller.signal, onStandby: () => controller.abort() })
    expect(await opening.catch((error) => error)).to.be.instanceOf(Unavailable)
    holder.spawned.kill('SIGKILL')
    await holder.exited
  })

  it('reports a disk that is full as unavailable and keeps what was committed before', async () => {
    const limited = child('bash', '-c', `ulimit -f 4000; exec ${process.execPath} ${fixture('duckdb-filler')} ${path()}`)
    const { error, committed, kept } = JSON.parse(await limited.line())
    expect(error).to.equal('Unavailable')
    expect(kept).to.equal(committed).and.above(0)
    await limited.exited
  })
})
