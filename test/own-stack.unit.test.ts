import { execFileSync } from 'node:child_process'
import { expect } from 'chai'
import { environment } from '../ops/stack/config.ts'
import { childEnvironment } from './support/config.ts'

const root = new URL('..', import.meta.url).pathname

/** What a process of the tests makes of the shell's variables. */
function readWith(variables: Record<string, string>) {
  const script = `import * as config from './test/support/config.ts'
    console.log(JSON.stringify({ ...config, child: config.childEnvironment({ POSTGRES_PORT: '1234' }) }))`
  const env = { PATH: childEnvironment().PATH, ...variables }
  return JSON.parse(execFileSync(process.execPath, ['--input-type=module', '-e', script], { cwd: root, env, encoding: 'utf8' })) as {
    STACK: string
    PORT_OFFSET: number
    child: Record<string, string>
  }
}

/** Variables of a stack that somebody works with, as a shell exports them and as make hands them on. */
const THEIRS = {
  STACK: 'shop',
  PORT_OFFSET: '1000',
  COMPOSE_FILE: '/shop/compose.yaml',
  INGEST_API_PORT: '4000',
  POSTGRES_PASSWORD: 'secret',
  REDIS_URL: 'redis://shop:6379',
  MAX_ORDER_AGE_DAYS: '2000',
  MAKEFLAGS: ' -- STACK=shop PORT_OFFSET=1000',
  MAKEOVERRIDES: 'STACK=shop PORT_OFFSET=1000',
  MAKELEVEL: '1',
}

describe('the stack of tests and benchmarks', () => {
  it('is never the one that the shell names: none of its variables is passed on', () => {
    const { STACK, PORT_OFFSET, child } = readWith({ ...THEIRS, JAVA_HOME: '/opt/java' })
    expect({ STACK, PORT_OFFSET }).to.deep.equal({ STACK: 'test', PORT_OFFSET: 20_000 })
    expect(child).to.include({ STACK: 'test', PORT_OFFSET: '20000', POSTGRES_PORT: '1234', JAVA_HOME: '/opt/java' })
    const { STACK: _, PORT_OFFSET: __, ...others } = THEIRS
    expect(child).not.to.have.any.keys(Object.keys(others))
  })

  it('is named by TEST_STACK and TEST_PORT_OFFSET', () => {
    const { STACK, PORT_OFFSET, child } = readWith({ ...THEIRS, TEST_STACK: 'mine', TEST_PORT_OFFSET: '5000' })
    expect({ STACK, PORT_OFFSET }).to.deep.equal({ STACK: 'mine', PORT_OFFSET: 5_000 })
    expect(child).to.include({ STACK: 'mine', PORT_OFFSET: '5000', TEST_STACK: 'mine', TEST_PORT_OFFSET: '5000' })
  })

  it('takes from .env what describes the machine, and nothing of the stack', () => {
    const file = 'JAVA_HOME=/opt/java\nINGEST_API_PORT=4000\nSTACK=shop\n'
    expect(environment({ THROW_AWAY: '1' }, file)).to.deep.equal({ THROW_AWAY: '1', JAVA_HOME: '/opt/java' })
    expect(environment({ STACK: 'mine' }, file)).to.deep.equal({ STACK: 'mine', JAVA_HOME: '/opt/java', INGEST_API_PORT: '4000' })
  })
})
