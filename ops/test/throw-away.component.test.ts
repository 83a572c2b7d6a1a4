import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { copyCheckout } from '../../test/support/checkout.ts'
import { childEnvironment } from '../../test/support/config.ts'
import { freePort } from './support/free-port.ts'
import type { Ran, SmallStack } from './support/small-stack.ts'
import { service, smallStack } from './support/small-stack.ts'

const root = new URL('../..', import.meta.url).pathname
const uniqueName = () => `t-${randomUUID().slice(0, 8)}`

function run(argv: string[], variables: Record<string, string>, cwd = root): Promise<Ran> {
  const env = { ...childEnvironment(), ...variables }
  return new Promise((resolve) => {
    execFile(argv[0] ?? '', argv.slice(1), { cwd, env }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    )
  })
}

describe('a stack that tests throw away', () => {
  const undo: (() => unknown)[] = []
  afterEach(async () => {
    for (const each of undo.splice(0).toReversed()) await each()
  })

  /** The data of a stack that somebody works with. */
  function precious(checkout = root): { name: string; file: string } {
    const name = uniqueName()
    const folder = join(checkout, '.stack', name)
    mkdirSync(folder, { recursive: true })
    undo.push(() => rmSync(folder, { recursive: true, force: true }))
    const file = join(folder, 'orders')
    writeFileSync(file, '')
    return { name, file }
  }

  function small(fixture: Awaited<ReturnType<typeof service>>): SmallStack {
    const stack = smallStack({ one: fixture })
    undo.push(stack.remove)
    return stack
  }

  it('is emptied', async () => {
    const stack = small(await service('serve'))
    await stack.run('up')
    expect((await stack.run('clean')).code).to.equal(0)
    expect(existsSync(stack.dir)).to.equal(false)
  })

  it('is not one that holds data of somebody: clean refuses, and says what to do', async () => {
    const { name, file } = precious()
    const { code, stderr } = await run(['node', 'ops/stack/main.ts', 'clean'], { STACK: name })
    expect(code).to.equal(1)
    expect(stderr).to.contain(`.stack/${name} holds data of a stack that was not made for tests`)
    expect(stderr).to.contain(`make clean STACK=${name}`)
    expect(existsSync(file)).to.equal(true)
  })

  it('is not made of one that somebody started: an up by tests does not let them empty it', async () => {
    const stack = small(await service('serve'))
    // Whoever works with it may empty it.
    undo.push(() => stack.runWith({ THROW_AWAY: '' }, 'clean'))
    await stack.runWith({ THROW_AWAY: '' }, 'up')
    expect((await stack.run('up')).code).to.equal(0)
    const { code, stderr } = await stack.run('clean')
    expect(code).to.equal(1)
    expect(stderr).to.contain('was not made for tests')
    expect((await stack.status('one'))?.state).to.equal('ready')
  })

  it('has a name of its own under ops/on-own-stack, whatever the shell says', async () => {
    const { name, file } = precious()
    const own = uniqueName()
    const offset = String((await freePort()) - 5433)
    const command = ['ops/on-own-stack', own, offset, 'postgres', '--', 'sh', '-c', 'echo "$STACK $PORT_OFFSET $TEST_STACK [$MAKEFLAGS]"']
    const shell = { STACK: name, PORT_OFFSET: '1000', MAKEFLAGS: `-- STACK=${name}`, TEST_STACK: '', TEST_PORT_OFFSET: '' }
    const { code, stdout, stderr } = await run(command, shell)
    expect(code, stderr).to.equal(0)
    expect(stdout).to.contain(`${own} ${offset} ${own} []`)
    expect(stderr).to.contain(`STACK=${name} is left alone: this runs on the stack "${own}"`)
    expect(existsSync(file)).to.equal(true)
    expect(existsSync(join(root, '.stack', own))).to.equal(false)
  })

  it('is refused by ops/on-own-stack when it holds data of somebody: nothing is started', async () => {
    const { name, file } = precious()
    const { code, stdout, stderr } = await run(['ops/on-own-stack', uniqueName(), '0', 'postgres', '--', 'echo', 'began'], {
      TEST_STACK: name,
      TEST_PORT_OFFSET: String((await freePort()) - 5433),
    })
    expect(code).to.equal(1)
    expect(stdout).not.to.contain('began')
    expect(stderr).to.contain('was not made for tests')
    expect(existsSync(file)).to.equal(true)
  })

  it('is refused by the test run when it holds data of somebody: nothing is started', async () => {
    // In a copy: a run that did not refuse would empty the stack on which this very test runs.
    const copy = copyCheckout()
    undo.push(copy.remove)
    const { name, file } = precious(copy.path)
    const { code, stdout, stderr } = await run(['node', 'test/run.ts', 'e2e'], { TEST_STACK: name, TEST_PORT_OFFSET: '9000' }, copy.path)
    expect(code).to.equal(1)
    expect(stderr).to.contain('was not made for tests')
    expect(stdout).not.to.contain('stack up')
    expect(existsSync(file)).to.equal(true)
  })
})
