import { Problem } from '@tally/platform/http/problem'
import { expect } from 'chai'
import { memoryRateLimits } from '../admission/memory-rate-limits.ts'
import { limitWrongKeys } from '../admission/wrong-keys.ts'
import type { FindMerchant } from '../merchants/authenticate.ts'
import { authenticateMerchant, hashOf, newApiKey } from '../merchants/authenticate.ts'

/** Merchants by key, counting how often they are looked up. */
function merchants(...keys: string[]) {
  const known = new Map(
    keys.map((key, n) => [hashOf(key).toString('hex'), { merchantId: BigInt(n), name: key, perMinute: undefined, burst: undefined }]),
  )
  const asked = { times: 0, away: false }
  const find = async (hash: Buffer) => {
    asked.times += 1
    if (asked.away) throw new Error('away')
    return known.get(hash.toString('hex'))
  }
  return { find, asked, revoke: (key: string) => known.delete(hashOf(key).toString('hex')) }
}

const refusal = (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  )

describe('authenticating a merchant', () => {
  const clock = { ms: 0, now: () => clock.ms }
  const authenticator = (find: FindMerchant, wrongKeysPerMinute = 60) => {
    const authenticate = authenticateMerchant(find, clock, limitWrongKeys(memoryRateLimits(clock), wrongKeysPerMinute))
    return (authorization: string, address = 'here') => authenticate(authorization, address)
  }

  it('looks a key up once in five seconds, also for many requests at once', async () => {
    const { find, asked } = merchants('one')
    const authenticate = authenticator(find)
    await Promise.all(Array.from({ length: 20 }, () => authenticate('Bearer one')))
    clock.ms += 4_999
    expect((await authenticate('bearer one')).name).to.equal('one')
    expect(asked.times).to.equal(1)
    clock.ms += 1
    await authenticate('Bearer one')
    expect(asked.times).to.equal(2)
  })

  it('refuses a revoked key after five seconds, and an unknown one until it is known', async () => {
    const { find, revoke } = merchants('one')
    const authenticate = authenticator(find)
    await authenticate('Bearer one')
    revoke('one')
    await authenticate('Bearer one')
    clock.ms += 5_000
    expect(await refusal(authenticate('Bearer one')))
      .to.be.instanceOf(Problem)
      .with.property('status', 401)
  })

  it('remembers no key for longer when the clock steps back', async () => {
    const { find, asked, revoke } = merchants('one')
    const authenticate = authenticateMerchant(find, clock, limitWrongKeys(memoryRateLimits({ now: () => 0 }), 60))
    clock.ms += 3_600_000
    await authenticate('Bearer one', 'here')
    clock.ms -= 3_600_000
    expect(authenticate.known('Bearer one')).to.equal(undefined)
    revoke('one')
    expect(await refusal(authenticate('Bearer one', 'here'))).to.have.property('status', 401)
    expect(asked.times).to.equal(2)
  })

  it('does not remember that the database was away, nor that a key was unknown', async () => {
    const { find, asked } = merchants('one')
    const authenticate = authenticator(find)
    asked.away = true
    expect(await refusal(authenticate('Bearer one'))).to.have.property('message', 'away')
    asked.away = false
    expect((await authenticate('Bearer one')).name).to.equal('one')
    await refusal(authenticate('Bearer two'))
    await refusal(authenticate('Bearer two'))
    expect(asked.times).to.equal(4)
  })

  it('refuses wrong keys past the limit of their address without a look-up, and goes on with keys that were right', async () => {
    const { find, asked } = merchants('one', 'two')
    const authenticate = authenticator(find, 3)
    await authenticate('Bearer one')
    const answers = await Promise.all(Array.from({ length: 5 }, (_, n) => refusal(authenticate(`Bearer wrong${n}`))))
    expect(answers.map((problem) => (problem as Problem).status)).to.deep.equal([401, 401, 401, 429, 429])
    const lookUps = asked.times
    const refused = await refusal(authenticate('Bearer wrong'))
    expect(refused).to.include({ status: 429, type: '/problems/too-many-wrong-keys' })
    expect((refused as Problem).headers['Retry-After']).to.equal('20')
    expect(asked.times).to.equal(lookUps)
    clock.ms += 5_000
    expect((await authenticate('Bearer one')).name).to.equal('one')
    expect(await refusal(authenticate('Bearer wrong', 'elsewhere'))).to.have.property('status', 401)
    expect((await authenticate('Bearer two', 'elsewhere')).name).to.equal('two')
    clock.ms += 15_000
    expect(await refusal(authenticate('Bearer wrong'))).to.have.property('status', 401)
  })

  it('makes keys of 256 random bits', () => {
    const keys = new Set(Array.from({ length: 100 }, newApiKey))
    expect(keys).to.have.lengthOf(100)
    for (const key of keys) expect(key).to.match(/^tally_[\w-]{43}$/)
  })
})
