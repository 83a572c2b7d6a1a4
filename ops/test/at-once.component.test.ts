import { once } from 'node:events'
import { expect } from 'chai'
import { until } from '../../test/support/until.ts'
import { isFree } from '../stack/ports.ts'
import type { SmallStack } from './support/small-stack.ts'
import { service, smallStack } from './support/small-stack.ts'

const needing = (name: string) => ({ depends_on: { [name]: { condition: 'service_healthy' } } })

describe('commands to one stack at once', () => {
  let stack: SmallStack
  afterEach(() => stack.remove())

  /** `down` stops all there is: afterwards no process is left over. */
  async function downLeavesNothing(): Promise<void> {
    const { code, stderr } = await stack.run('down')
    expect(code, stderr).to.equal(0)
    await until(() => stack.processes().length === 0, { what: `no process of ${stack.name} is left`, timeoutMs: 5_000 })
  }

  it('two up both end well and start each service once', async () => {
    stack = smallStack({
      base: await service('serve'),
      middle: await service('serve', needing('base')),
      top: await service('serve', needing('middle')),
    })
    for (const { code, stderr } of await Promise.all([stack.run('up'), stack.run('up')])) expect(code, stderr).to.equal(0)
    expect(stack.processes()).to.have.length(4)
    await downLeavesNothing()
  })

  it('two up with different settings both end well: the later one’s hold', async () => {
    // biome-ignore lint/suspicious/noTemplateCurlyInString: Compose's own substitution
    const environment = { OPS_LISTEN: '0.0.0.0:80', LIMIT: '${LIMIT:-7}' }
    stack = smallStack({ one: await service('serve', { environment }), two: await service('serve', { environment, ...needing('one') }) })
    const ran = await Promise.all([stack.run('up'), stack.runWith({ LIMIT: '2000' }, 'up')])
    for (const { code, stderr } of ran) expect(code, stderr).to.equal(0)
    expect(stack.processes()).to.have.length(3)
    await downLeavesNothing()
  })

  it('up, restart, stop and start all end well, and each service runs once', async () => {
    stack = smallStack({ one: await service('serve'), two: await service('serve', needing('one')) })
    await stack.run('up')
    const verbs = [['restart', 'one', 'two'], ['up'], ['stop', 'two'], ['start', 'two'], ['restart', 'one']]
    for (const { code, stderr } of await Promise.all(verbs.map((verb) => stack.run(...verb)))) expect(code, stderr).to.equal(0)
    expect((await stack.run('up')).code).to.equal(0)
    expect(stack.processes()).to.have.length(3)
    await downLeavesNothing()
  })

  it('down ends an up under way and one that waits for it, at once; status and logs are answered meanwhile', async () => {
    const cold = await service('cold', { healthcheck: { start_period: '60s' } })
    stack = smallStack({ cold })
    const ups = [stack.run('up')]
    await until(async () => !(await isFree(cold.port)), { what: 'the first up is under way' })
    ups.push(stack.run('up'))
    expect((await stack.status('cold'))?.state).to.equal('starting')
    expect((await stack.run('logs', 'cold')).code).to.equal(0)
    const began = performance.now()
    await downLeavesNothing()
    for (const { code, stderr } of await Promise.all(ups)) {
      expect(code).to.equal(1)
      expect(stderr).to.contain('given up')
    }
    expect(performance.now() - began).to.be.below(15_000)
  })

  it('a first up that waits for another and is interrupted leaves that one alone, whoever started the supervisor', async () => {
    const slow = await service('slow', { healthcheck: { start_period: '60s' } })
    stack = smallStack({ slow })
    const ups = [stack.beginSaying('up'), stack.beginSaying('up')]
    const waiter = await until(() => ups.find(({ said }) => said().includes('waits for')), { what: 'one of the two waits' })
    const other = ups.find((up) => up !== waiter)
    const others = other && once(other.process, 'exit')
    waiter.process.kill('SIGINT')
    await once(waiter.process, 'exit')
    await until(async () => (await stack.status('slow'))?.why?.includes('503'), { what: 'the other is still under way' })
    process.kill((await stack.status('slow'))?.pid ?? 0, 'SIGUSR2')
    expect(await others, other?.said()).to.deep.equal([0, null])
  })

  it('an up that waits for another and is interrupted leaves that one alone', async () => {
    const slow = await service('slow', { healthcheck: { start_period: '60s' } })
    stack = smallStack({ slow })
    const first = stack.run('up')
    await until(async () => !(await isFree(slow.port)), { what: 'the first up is under way' })
    const second = stack.beginSaying('up')
    await until(() => second.said().includes('waits for'), { what: 'the second one waits' })
    second.process.kill('SIGINT')
    await once(second.process, 'exit')
    process.kill((await stack.status('slow'))?.pid ?? 0, 'SIGUSR2')
    const { code, stderr } = await first
    expect(code, stderr).to.equal(0)
    expect((await stack.status('slow'))?.state).to.equal('ready')
  })
})
