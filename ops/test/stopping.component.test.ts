import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { until } from '../../test/support/until.ts'
import { isFree } from '../stack/ports.ts'
import type { SmallStack } from './support/small-stack.ts'
import { service, smallStack } from './support/small-stack.ts'

describe('stopping a stack', () => {
  let stack: SmallStack
  afterEach(() => stack.remove())

  const gone = () => until(() => stack.processes().length === 0, { what: `no process of ${stack.name} is left` })

  it('leaves no process, port or socket', async () => {
    const one = await service('serve')
    stack = smallStack({ one })
    await stack.run('up')
    expect(stack.processes()).to.have.length(2)
    expect((await stack.run('down')).code).to.equal(0)
    await gone()
    expect(await isFree(one.port)).to.equal(true)
    expect(existsSync(join(stack.dir, 'control.sock'))).to.equal(false)
  })

  it('stops what a service started, too', async () => {
    stack = smallStack({ one: await service('parent') })
    await stack.run('up')
    await until(() => stack.processes().length === 3, { what: 'the service has a child' })
    expect((await stack.run('down')).code).to.equal(0)
    await gone()
  })

  it('stops dependents first', async () => {
    stack = smallStack({ base: await service('serve'), top: await service('serve', { depends_on: ['base'] }) })
    await stack.run('up')
    expect((await stack.run('down')).stderr).to.match(/top +stopped.*\n +base +stopped/)
  })

  it('forces what does not drain within its grace period, and says so', async () => {
    stack = smallStack({ one: await service('stubborn', { stop_grace_period: '200ms' }) })
    await stack.run('up')
    const { code, stderr } = await stack.run('down')
    expect(code).to.equal(1)
    expect(stderr).to.contain('forced, since it did not drain within 0.2 s')
    await gone()
  })

  for (const signal of ['SIGINT', 'SIGKILL'] as const) {
    it(`leaves nothing after ${signal} in the middle of up`, async () => {
      const slow = await service('cold', { healthcheck: { start_period: '60s' } })
      stack = smallStack({ quick: await service('serve'), slow })
      const up = stack.begin('up')
      await until(async () => !(await isFree(slow.port)), { what: 'the slow service is starting' })
      up.kill(signal)
      await once(up, 'exit')
      await gone()
      expect(await isFree(slow.port)).to.equal(true)
    })
  }

  it('goes on when a later up is interrupted', async () => {
    const cold = await service('cold', { healthcheck: { start_period: '60s' }, profiles: ['cold'] })
    stack = smallStack({ one: await service('serve'), cold })
    await stack.run('up')
    const up = stack.begin('up', 'cold')
    await until(async () => !(await isFree(cold.port)), { what: 'the second up is under way' })
    up.kill('SIGINT')
    await once(up, 'exit')
    expect((await stack.status('one'))?.state).to.equal('ready')
  })

  for (const next of ['down', 'up'] as const) {
    it(`finds what a killed supervisor left: ${next}`, async () => {
      const one = await service('serve')
      stack = smallStack({ one })
      await stack.run('up')
      const before = await stack.status('one')
      const boss = stack.processes().find((pid) => Number(pid) !== before?.pid)
      process.kill(Number(boss), 'SIGKILL')
      await until(() => stack.processes().length === 1, { what: 'the service is left alone' })
      expect((await stack.run(next)).code).to.equal(0)
      if (next === 'down') await gone()
      else expect((await stack.status('one'))?.pid).not.to.equal(before?.pid)
      expect(await isFree(one.port)).to.equal(next === 'down')
    })
  }
})
