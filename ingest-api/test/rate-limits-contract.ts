// What every store of token buckets promises, by the time that passes while the tests run.
import { randomUUID } from 'node:crypto'
import { expect } from 'chai'
import { until } from '../../test/support/until.ts'
import type { RateLimits } from '../admission/rate-limits.ts'

/** So slow that nothing drips in during a test. */
const SLOW = { perMinute: 1, burst: 3 }

/** The contract's tests, for the store that is there once `before` hooks have run. */
export function describeRateLimits(title: string, store: () => RateLimits): void {
  describe(title, () => {
    const takeFrom =
      (bucket = randomUUID(), limit = SLOW) =>
      (cost = 1) =>
        store().take(bucket, limit, cost)

    it('gives its burst at once, and then tells when there is more', async () => {
      const take = takeFrom()
      expect([await take(), await take(), await take()].map(({ granted, remaining }) => [granted, remaining])).to.deep.equal([
        [1, 2],
        [1, 1],
        [1, 0],
      ])
      const { granted, remaining, nextMs, fullMs } = await take()
      expect([granted, remaining]).to.deep.equal([0, 0])
      expect(nextMs).to.be.within(50_000, 60_000)
      expect(fullMs).to.be.within(170_000, 180_000)
    })

    it('takes nothing for what it refuses', async () => {
      const take = takeFrom()
      await take(3)
      const first = await take()
      for (let n = 0; n < 50; n += 1) await take(10)
      expect((await take()).nextMs).to.be.at.most(first.nextMs)
    })

    it('grants a part of what is asked for', async () => {
      const take = takeFrom()
      expect((await take(2)).granted).to.equal(2)
      expect((await take(5)).granted).to.equal(1)
    })

    it('keeps buckets apart', async () => {
      await takeFrom()(3)
      expect((await takeFrom()(3)).granted).to.equal(3)
    })

    it('never gives the same token twice, however many ask at once', async () => {
      const take = takeFrom(undefined, { perMinute: 1, burst: 20 })
      const taken = await Promise.all(Array.from({ length: 100 }, () => take()))
      expect(taken.filter(({ granted }) => granted === 1)).to.have.lengthOf(20)
    })

    it('gives what drips in, no more and no less', async () => {
      const take = takeFrom(undefined, { perMinute: 6_000, burst: 5 })
      const begun = performance.now()
      let [granted, askedAt, lostMs] = [0, begun, 0]
      await until(
        async () => {
          granted += (await take(5)).granted
          // Who asks late finds the bucket full after 50 ms, and loses what would have dripped in since.
          lostMs += Math.max(0, performance.now() - askedAt - 50)
          askedAt = performance.now()
          return granted >= 40
        },
        { what: 'forty tokens are given', everyMs: 1 },
      )
      // 35 tokens of 10 ms each dripped in.
      expect(askedAt - begun).to.be.at.least(340)
      expect(askedAt - begun - lostMs).to.be.at.most(2_000)
    })

    it('heeds a limit that was changed', async () => {
      const bucket = randomUUID()
      await takeFrom(bucket)(3)
      const taken = await takeFrom(bucket, { perMinute: 1, burst: 10 })(10)
      expect(taken.granted).to.equal(7)
    })

    it('fills a bucket at the new rate once the rate was raised, also an empty one', async () => {
      const bucket = randomUUID()
      await takeFrom(bucket)(3)
      const take = takeFrom(bucket, { ...SLOW, perMinute: 6_000 })
      // At the old rate it would be full in three minutes, by the time of a clock that stepped back as well.
      await until(async () => (await take()).granted === 1, { what: 'a token drips in', timeoutMs: 5_000, everyMs: 5 })
    })
  })
}
