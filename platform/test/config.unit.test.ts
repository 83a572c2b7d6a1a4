import { expect } from 'chai'
import { z } from 'zod'
import { address, ConfigError, flag, int, list, readConfig } from '../process/config.ts'

const shape = { LISTEN: address, BROKERS: list, RETRIES: int(1, 10).default(3), PASSWORD: z.string().min(8), MODE: z.enum(['a', 'b']) }

function faultsOf(env: Record<string, string>): ConfigError {
  try {
    readConfig(shape, env)
  } catch (error) {
    if (error instanceof ConfigError) return error
    throw error
  }
  throw new Error('no fault')
}

describe('configuration', () => {
  it('reads what is given and fills in defaults; empty means not set', () => {
    const env = { LISTEN: '0.0.0.0:3000', BROKERS: 'a:1, b:2,', RETRIES: '', PASSWORD: 'long enough', MODE: 'a', OTHER: 'x' }
    expect(readConfig(shape, env)).to.deep.equal({
      LISTEN: { host: '0.0.0.0', port: 3000 },
      BROKERS: ['a:1', 'b:2'],
      RETRIES: 3,
      PASSWORD: 'long enough',
      MODE: 'a',
    })
  })

  it('tells every fault at once, each with its variable, and exits 78', () => {
    const { message, exitCode } = faultsOf({ LISTEN: 'nowhere', RETRIES: '11', BROKERS: ' , ' })
    expect(exitCode).to.equal(78)
    for (const name of ['LISTEN', 'BROKERS', 'RETRIES', 'PASSWORD', 'MODE']) expect(message).to.match(new RegExp(`^  ${name}: `, 'm'))
    expect(message).to.contain('PASSWORD: is not set')
  })

  it('prints no values: they may be secrets', () => {
    const env = { LISTEN: 'sesame1', BROKERS: '', RETRIES: 'sesame2', PASSWORD: 'sesame3', MODE: 'sesame4' }
    expect(faultsOf(env).message).not.to.contain('sesame')
  })

  it('takes a flag for what it says, and refuses what says neither yes nor no', () => {
    const said = (texts: string[]) => texts.map((text) => readConfig({ PRUNE: flag }, { PRUNE: text }).PRUNE)
    expect(said(['1', 'true', 'yes', 'TRUE'])).to.deep.equal([true, true, true, true])
    expect(said(['0', 'false', 'no', 'No', ''])).to.deep.equal([false, false, false, false, false])
    expect(readConfig({ PRUNE: flag }, {}).PRUNE).to.equal(false)
    for (const text of [' ', 'off', '2', 'y']) {
      expect(() => readConfig({ PRUNE: flag }, { PRUNE: text }), text).to.throw(ConfigError, 'PRUNE: is neither 1, true or yes')
    }
  })

  for (const text of ['3000', ':3000', 'host:', 'host:65536', 'host:x']) {
    it(`refuses ${text} as an address`, () => {
      expect(address.safeParse(text).success).to.equal(false)
    })
  }
})
