import { systemClock } from '@tally/platform/process/clock'
import { expect } from 'chai'
import { Redis } from 'ioredis'
import { redisServer } from '../../test/support/redis.ts'
import { until } from '../../test/support/until.ts'
import { memoryRateLimits } from '../admission/memory-rate-limits.ts'
import { redisRateLimits } from '../admission/redis-rate-limits.ts'
import type { Child } from './child-process.ts'
import { startService } from './child-process.ts'
import { newOrder } from './orders.ts'
import { describeRateLimits } from './rate-limits-contract.ts'
import { fetchDescribed } from './spec.ts'
import type { TestDatabase } from './test-database.ts'
import { createTestDatabase } from './test-database.ts'

const memory = memoryRateLimits(systemClock)
describeRateLimits('token buckets in memory', () => memory)

const redis = redisServer()
if (redis === undefined) {
  describe('token buckets in Redis', () => {
    it('need redis-server, which is not installed')
  })
} else {
  describe('rate limits on Redis', () => {
    let store: Awaited<ReturnType<typeof redisRateLimits>>
    let database: TestDatabase
    let services: (Child & { url: string; opsUrl: string })[] = []

    before(async () => {
      await redis.start()
      store = await redisRateLimits(redis.url)
      database = await createTestDatabase()
    })
    afterEach(async () => {
      for (const { process } of services) process.kill('SIGKILL')
      await Promise.all(services.map(({ ended }) => ended))
      services = []
    })
    after(async () => {
      store?.close()
      await redis.stop()
      await database?.drop()
    })

    describeRateLimits('token buckets in Redis', () => store)

    const start = async () => {
      const service = await startService(database.url('tally_api'), { REDIS_URL: redis.url })
      services.push(service)
      return service
    }
    const post = async (url: string, key: string) => {
      const { answer } = await fetchDescribed(url, '/v1/orders', {
        method: 'POST',
        headers: { Authorization: `Bearer ${key}`, 'Content-Type': 'application/json' },
        body: JSON.stringify(newOrder()),
      })
      return answer.status
    }
    const shared = async (opsUrl: string) => {
      const text = await (await fetch(`${opsUrl}/metrics`)).text()
      return Number(/^ingest_rate_limits_shared\S* (\S+)$/m.exec(text)?.[1])
    }

    describe('of whole processes', () => {
      it('are one bucket for two processes', async () => {
        const [one, other] = [await start(), await start()]
        // Whoever has no answer of Redis within 200 ms counts for itself, so that what was counted says nothing.
        const statuses = await until(
          async () => {
            const key = await database.addMerchant({ perMinute: 1, burst: 10 })
            const answers = await Promise.all(Array.from({ length: 40 }, (_, n) => post(n % 2 === 0 ? one.url : other.url, key)))
            return (await shared(one.opsUrl)) === 1 && (await shared(other.opsUrl)) === 1 && answers
          },
          { what: 'both have counted in Redis' },
        )
        expect(statuses.filter((status) => status === 201)).to.have.lengthOf(10)
        expect(statuses.filter((status) => status === 429)).to.have.lengthOf(30)
      })

      it("fall back to the process's own memory with the first request that finds Redis away, and come back by themselves", async () => {
        const key = await database.addMerchant({ perMinute: 1, burst: 3 })
        const { url, opsUrl, stdout } = await start()
        expect([await post(url, key), await post(url, key), await post(url, key), await post(url, key)]).to.deep.equal([201, 201, 201, 429])
        expect(await shared(opsUrl)).to.equal(1)
        await redis.stop()
        expect([await post(url, key), await post(url, key), await post(url, key), await post(url, key)]).to.deep.equal([201, 201, 201, 429])
        expect(await shared(opsUrl)).to.equal(0)
        await redis.start()
        await until(
          async () => {
            await post(url, key)
            return (await shared(opsUrl)) === 1
          },
          { what: 'limits are shared again' },
        )
        const said = (text: string) => stdout().split(text).length - 1
        await until(() => said('Redis is back') > 0, { what: 'it says so' })
        expect([said('Redis is away'), said('Redis is back')]).to.deep.equal([1, 1])
      })

      it('hold up no request for long when Redis hangs', async () => {
        const key = await database.addMerchant({ perMinute: 1, burst: 50 })
        const { url, opsUrl } = await start()
        expect(await post(url, key)).to.equal(201)
        const admin = new Redis(redis.url)
        try {
          await admin.client('PAUSE', 20_000, 'ALL')
          const tookMs: number[] = []
          for (let n = 0; n < 20; n += 1) {
            const begun = performance.now()
            expect(await post(url, key)).to.equal(201)
            tookMs.push(performance.now() - begun)
          }
          // A request waits 200 ms for Redis: of twenty few do, those that ask it again.
          expect(tookMs.toSorted((a, b) => a - b)[10]).to.be.below(190)
          expect(await shared(opsUrl)).to.equal(0)
        } finally {
          admin.disconnect()
        }
      })
    })
  })
}
