import { address, ConfigError, int, list, readConfig } from '@tally/platform/config'
import { expect } from 'chai'
import { z } from 'zod'

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

  for (const text of ['3000', ':3000', 'host:', 'host:65536', 'host:x']) {
    it(`refuses ${text} as an address`, () => {
      expect(address.safeParse(text).success).to.equal(false)
    })
  }
})
