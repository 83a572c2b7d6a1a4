import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect } from 'chai'
import { until } from '../../test/support/until.ts'

const SCENARIOS = new URL('./support/run-scenario.ts', import.meta.url).pathname

function start(scenario: string, drainTimeoutMs = '5000') {
  const child: ChildProcess = spawn(process.execPath, [SCENARIOS, scenario, drainTimeoutMs], { stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  child.stdout?.on('data', (data) => (output += data))
  child.stderr?.on('data', (data) => (output += data))
  // Not with 'exit': what it wrote last may not have been read by then.
  const exited = once(child, 'close').then(([code]) => ({ code, output }))
  const ready = () => until(() => output.includes('ready'), { what: 'the service is ready' })
  return { child, exited, ready }
}

describe('running a service', () => {
  it('drains on SIGTERM: says so first, closes in reverse, exits 0', async () => {
    const { child, exited, ready } = start('drains')
    await ready()
    child.kill('SIGTERM')
    expect(await exited).to.deep.equal({ code: 0, output: 'ready\nstopping\nclosed second\nclosed first\n' })
  })

  it('drains on SIGINT too', async () => {
    const { child, exited, ready } = start('drains')
    await ready()
    child.kill('SIGINT')
    expect((await exited).code).to.equal(0)
  })

  it('is forced by a second signal, and does not call that drained', async () => {
    const { child, exited, ready } = start('hangs', '60000')
    await ready()
    child.kill('SIGTERM')
    const again = setInterval(() => child.kill('SIGTERM'), 50)
    expect((await exited).code).to.equal(1)
    clearInterval(again)
  })

  it('does not wait past the drain timeout, and does not call that drained', async () => {
    const { child, exited, ready } = start('hangs', '50')
    await ready()
    child.kill('SIGTERM')
    expect((await exited).code).to.equal(1)
  })

  it('closes the others when one closer fails, and does not call that drained', async () => {
    const { child, exited, ready } = start('fails to close')
    await ready()
    child.kill('SIGTERM')
    expect(await exited).to.deep.equal({ code: 1, output: 'ready\nclosed other\n' })
  })

  it('does not call it drained when something fails meanwhile', async () => {
    const { child, exited, ready } = start('fails while draining')
    await ready()
    child.kill('SIGTERM')
    expect((await exited).code).to.equal(1)
  })

  it('ends by a fault with the exit code of the fault, closing what is open', async () => {
    expect(await start('fails at start').exited).to.deep.equal({ code: 65, output: 'closed store\n' })
  })

  it('ends by a rejection nobody handles', async () => {
    expect(await start('rejects').exited).to.deep.equal({ code: 1, output: 'closed store\n' })
  })

  it('exits 78 on bad configuration, naming the variable and not its value', async () => {
    const { code, output } = await start('drains', 'sesame').exited
    expect(code).to.equal(78)
    expect(output).to.contain('DRAIN_TIMEOUT_MS').and.not.contain('sesame')
  })
}).timeout(30_000)
