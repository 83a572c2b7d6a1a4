import { expect } from 'chai'
import { runChild } from './child-process.ts'
import type { TestApi } from './test-api.ts'
import { startApi } from './test-api.ts'
import type { TestDatabase } from './test-database.ts'
import { createTestDatabase } from './test-database.ts'

describe("a merchant's keys", () => {
  let database: TestDatabase
  let api: TestApi
  let laterMs = 0

  before(async () => {
    database = await createTestDatabase()
    api = await startApi({ databaseUrl: database.url('tally_api'), clock: { now: () => Date.now() + laterMs } })
    await run('add-merchant.ts', '--name', 'acme')
  })
  after(async () => {
    await api?.close()
    await database?.drop()
  })

  async function run(file: string, ...argv: string[]) {
    const child = runChild(file, argv, { DATABASE_URL: database.url('tally_api') })
    const code = await child.ended
    return { code, stdout: child.stdout(), stderr: child.stderr(), last: child.stdout().trimEnd().split('\n').at(-1) ?? '' }
  }
  const onKeys = (...argv: string[]) => run('merchant-key.ts', ...argv)
  const statusOf = async (apiKey: string) => (await api.request('/v1/orders', { headers: { Authorization: `Bearer ${apiKey}` } })).status
  const idIn = (text: string) => /the id ([0-9a-f]{12}) /.exec(text)?.[1] ?? ''

  it('are added one by one, and one that is revoked is refused within five seconds while the others go on', async () => {
    const [one, other] = [await onKeys('--name', 'acme'), await onKeys('--name', 'acme')]
    expect([one.code, await statusOf(one.last), await statusOf(other.last)]).to.deep.equal([0, 200, 200])
    const revoked = await onKeys('--name', 'acme', '--revoke', idIn(one.stderr).slice(0, 8))
    expect(revoked).to.include({ code: 0, stdout: '' })
    expect(revoked.stderr).to.contain(`key ${idIn(one.stderr)} of "acme" is revoked`)
    laterMs += 5_000
    expect(await statusOf(one.last)).to.equal(401)
    expect(await statusOf(other.last)).to.equal(200)
    expect((await onKeys('--name', 'acme', '--revoke', idIn(one.stderr))).stderr).to.contain('revoked before')
  })

  it('are listed by ids that say nothing about the keys', async () => {
    const added = await onKeys('--name', 'acme')
    const { code, stdout } = await onKeys('--name', 'acme', '--list')
    expect(code).to.equal(0)
    expect(stdout).to.match(new RegExp(`^${idIn(added.stderr)}  added \\S+Z$`, 'm'))
    expect(stdout).to.not.contain(added.last)
  })

  it('stay as they are when the merchant, the id or the call is wrong, and it is said what is', async () => {
    const before = (await onKeys('--name', 'acme', '--list')).stdout
    for (const [argv, why] of [
      [['--name', 'nobody'], 'there is no merchant "nobody"'],
      [['--name', 'nobody', '--revoke', 'abcd'], 'there is no merchant "nobody"'],
      [['--name', 'acme', '--revoke', '000000000000'], 'has no key with an id that begins with 000000000000. Its keys:'],
      [['--name', 'acme', '--revoke', 'tally_x'], 'never the key itself'],
      [['--name', 'acme', '--revoke', 'abcd', '--list'], 'not both'],
      [['--name', ''], 'usage: merchant-key.ts --name NAME'],
      [['--nme', 'acme'], 'usage: merchant-key.ts --name NAME'],
    ] as const) {
      const { code, stdout, stderr } = await onKeys(...argv)
      expect([code, stdout]).to.deep.equal([1, ''])
      expect(stderr).to.contain(why)
    }
    expect((await onKeys('--name', 'acme', '--list')).stdout).to.equal(before)
  })
})
