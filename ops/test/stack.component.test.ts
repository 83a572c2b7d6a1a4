import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect } from 'chai'
import { until } from '../../test/support/until.ts'
import { isFree } from '../stack/ports.ts'
import type { SmallStack } from './support/small-stack.ts'
import { service, smallStack } from './support/small-stack.ts'

const AFTER_ITS_JOB = { depends_on: { job: { condition: 'service_completed_successfully' } } }

describe('a stack without containers', () => {
  let stack: SmallStack
  afterEach(() => stack.remove())

  it('starts a service when what it depends on is done, and says how long each took', async () => {
    stack = smallStack({ late: await service('serve', AFTER_ITS_JOB), job: await job('job') })
    const { code, stderr } = await stack.run('up')
    expect(code).to.equal(0)
    expect(stderr).to.match(/job +done after .* s\n +late +ready after .* s/)
    expect(readFileSync(join(stack.dir, 'job.log'), 'utf8')).to.contain('the job is done')
  })

  it('can be started again: what runs goes on, jobs run once more', async () => {
    stack = smallStack({ one: await service('serve', AFTER_ITS_JOB), job: await job('job') })
    await stack.run('up')
    const before = await stack.status('one')
    expect((await stack.run('up')).code).to.equal(0)
    expect((await stack.status('one'))?.pid).to.equal(before?.pid)
    expect(readFileSync(join(stack.dir, 'job.log'), 'utf8').match(/the job is done/g)).to.have.length(2)
  })

  it('restarts what is killed', async () => {
    stack = smallStack({ one: await service('serve') })
    await stack.run('up')
    const before = await stack.status('one')
    expect((await stack.run('kill', 'one')).code).to.equal(0)
    const again = await stack.run('up')
    expect(again.code, again.stderr).to.equal(0)
    const after = await stack.status('one')
    expect(after?.state).to.equal('ready')
    expect(after?.restarts).to.equal(1)
    expect(after?.pid).not.to.equal(before?.pid)
  })

  it('keeps down what is stopped, until it is started', async () => {
    const one = await service('serve')
    stack = smallStack({ one })
    await stack.run('up')
    await stack.run('stop', 'one')
    expect((await stack.status('one'))?.state).to.equal('stopped')
    expect(await isFree(one.port)).to.equal(true)
    expect((await stack.run('start', 'one')).code).to.equal(0)
    expect((await stack.status('one'))?.state).to.equal('ready')
  })

  it('waits longer each time before it restarts what dies', async () => {
    stack = smallStack({ dying: await service('crash') })
    await stack.run('up')
    await until(async () => ((await stack.status('dying'))?.restarts ?? 0) >= 5, { what: 'five restarts', timeoutMs: 30_000 })
    const starts = readFileSync(join(stack.dir, 'dying.log'), 'utf8').matchAll(/-- (\S+) starting/g)
    const times = [...starts].map(([, time]) => Date.parse(time ?? ''))
    const gap = (n: number) => (times[n + 1] ?? Number.NaN) - (times[n] ?? Number.NaN)
    // 200 ms, then twice as long each time, half of it random; what a process lives comes on top.
    expect(gap(4)).to.be.greaterThan(1_500)
  })

  it('reports a service that dies with its last words, and what was not started for it', async () => {
    stack = smallStack({
      dying: await service('crash'),
      late: await service('serve', { depends_on: { dying: { condition: 'service_healthy' } } }),
    })
    const { code, stderr } = await stack.run('up')
    expect(code).to.equal(1)
    expect(stderr).to.contain('dying does not start: it exited with code 3')
    expect(stderr).to.contain('these were my last words')
    expect(stderr).to.contain('since they depend on it: late')
  })

  it('reports a job that fails', async () => {
    stack = smallStack({ job: await job('crash') })
    const { code, stderr } = await stack.run('up')
    expect(code).to.equal(1)
    expect(stderr).to.contain('job does not start: it exited with code 3')
  })

  it('reports a service that does not become ready within its time, and why', async () => {
    stack = smallStack({ slow: await service('cold', { healthcheck: { start_period: '500ms' } }) })
    expect((await stack.run('up')).code).to.equal(1)
    await until(async () => (await stack.status('slow'))?.why?.includes('still cold'), { what: 'it says why' })
    const { code, stderr } = await stack.run('up')
    expect(code).to.equal(1)
    expect(stderr).to.match(/slow is not ready after 0.5 s: .* warmth: still cold/)
  })

  it('does not take a service for ready that no longer is', async () => {
    stack = smallStack({ one: await service('fading', { healthcheck: { start_period: '2s' } }) })
    await stack.run('up')
    await until(async () => (await stack.status('one'))?.state === 'ready', { what: 'it is ready' })
    process.kill((await stack.status('one'))?.pid ?? 0, 'SIGUSR2')
    await until(async () => (await stack.status('one'))?.why !== undefined, { what: 'it is no longer ready' })
    const { code, stderr } = await stack.run('up')
    expect(code).to.equal(1)
    expect(stderr).to.match(/one runs but is not ready after 2 s: .* answered 503/)
  })

  it('starts what keeps dying at once when asked to: it may have been mended', async () => {
    const file = join(mkdtempSync(join(tmpdir(), 'mended-')), 'file')
    const fixture = await service('needs')
    stack = smallStack({ one: { ...fixture, command: [...fixture.command, file] } })
    expect((await stack.run('up')).code).to.equal(1)
    await until(async () => ((await stack.status('one'))?.restarts ?? 0) >= 4, { what: 'four restarts' })
    writeFileSync(file, '')
    expect((await stack.run('up')).code).to.equal(0)
    rmSync(dirname(file), { recursive: true })
  })

  it('names who has a port that is taken', async () => {
    const one = await service('serve')
    stack = smallStack({ one })
    const other = createServer()
    await new Promise<void>((resolve) => other.listen(one.port, '127.0.0.1', resolve))
    const { code, stderr } = await stack.run('up')
    await new Promise((resolve) => other.close(resolve))
    expect(code).to.equal(1)
    expect(stderr).to.contain(`port ${one.port} is taken by process ${process.pid}`)
  })

  it('runs a command in a service’s environment and passes its exit code on', async () => {
    stack = smallStack({ one: await service('serve', { environment: { OPS_LISTEN: '0.0.0.0:80', PEER: 'one:80' } }) })
    await stack.run('up')
    const { code, stdout } = await stack.run('exec', 'one', '--', 'node', '-e', 'console.log(process.env.PEER); process.exit(4)')
    expect(code).to.equal(4)
    expect(stdout).to.match(/^127\.0\.0\.1:\d+\n$/)
  })

  const job = (mode: string) => service(mode, { environment: {}, ports: [], restart: 'no' })
})
