import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type DuckDbFile, migrate, openDuckDb, readRows, transaction } from '@tally/platform/duckdb'
import { StopProcess, Unavailable } from '@tally/platform/errors'
import { createLog } from '@tally/platform/log'
import { expect } from 'chai'

const log = createLog('test', 'silent')
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
