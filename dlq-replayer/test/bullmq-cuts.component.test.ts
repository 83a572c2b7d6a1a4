// What the replayer needs of a queue, from BullMQ on PostgreSQL and, where it is installed, on Redis.
import { randomUUID } from 'node:crypto'
import type { BullmqCuts, CutStore } from '@tally/dlq-replayer/bullmq-cuts'
import { bullmqCuts } from '@tally/dlq-replayer/bullmq-cuts'
import type { Cut } from '@tally/dlq-replayer/drive-runs'
import { systemClock } from '@tally/platform/clock'
import { createLog } from '@tally/platform/log'
import { expect } from 'chai'
import { redisServer } from '../../test/support/redis.ts'
import { stack } from '../../test/support/stack.ts'
import { until } from '../../test/support/until.ts'

const log = createLog('test', 'silent')

function contract(title: string, store: CutStore, server?: { start(): Promise<void>; stop(): Promise<void> }) {
  describe(`cuts in BullMQ on ${title}`, () => {
    before(() => server?.start())
    after(() => server?.stop())
    let open: BullmqCuts[] = []
    const start = async (name: string, work: (cut: Cut) => Promise<void>) => {
      const cuts = await bullmqCuts({ name, store, log, clock: systemClock, work })
      open.push(cuts)
      return cuts
    }
    const cutOf = (name: string, cut: number): Cut => ({
      run: 'r1',
      dlq: name,
      cut,
      ranges: [{ partition: 2, from: 9007199254740993n, next: 9007199254740995n }],
    })
    afterEach(async () => {
      await Promise.all(open.map((cuts) => cuts.close()))
      open = []
    })

    it('arrive whole, one at a time, in order', async () => {
      const name = `test-${randomUUID()}`
      const worked: Cut[] = []
      let atOnce = 0
      let most = 0
      const cuts = await start(name, async (cut) => {
        atOnce += 1
        most = Math.max(most, atOnce)
        await new Promise((resolve) => setImmediate(resolve))
        worked.push(cut)
        atOnce -= 1
      })
      for (let n = 0; n < 5; n += 1) await cuts.add(cutOf(name, n))
      await until(() => worked.length === 5, { what: 'five cuts are worked' })
      expect(worked).to.deep.equal([0, 1, 2, 3, 4].map((n) => cutOf(name, n)))
      expect(most).to.equal(1)
    })

    it('are not there twice while they wait or are worked on, but can be added again after', async () => {
      const name = `test-${randomUUID()}`
      let worked = 0
      let release = () => {}
      const held = new Promise<void>((resolve) => {
        release = resolve
      })
      const cuts = await start(name, async () => {
        worked += 1
        if (worked === 1) await held
      })
      for (let n = 0; n < 3; n += 1) await cuts.add(cutOf(name, 0))
      await until(() => worked === 1, { what: 'the cut is being worked' })
      await cuts.add(cutOf(name, 0))
      await cuts.add(cutOf(name, 1))
      release()
      await until(() => worked === 2, { what: 'the second cut is worked' })
      await until(
        async () => {
          await cuts.add(cutOf(name, 0))
          return worked >= 3
        },
        { what: 'the first cut is worked again' },
      )
    })

    it('can be added again when they failed', async () => {
      const name = `test-${randomUUID()}`
      let worked = 0
      const cuts = await start(name, async () => {
        worked += 1
        if (worked < 3) throw new Error('Kafka is away')
      })
      await until(
        async () => {
          await cuts.add(cutOf(name, 0))
          return worked >= 3
        },
        { what: 'the cut is worked a third time' },
      )
    })
  })
}

contract('PostgreSQL', { postgresUrl: stack.database('replayer', 'replayer') })

const redis = redisServer()
if (redis === undefined) {
  describe('cuts in BullMQ on Redis', () => {
    it('needs redis-server, which is not installed')
  })
} else {
  contract('Redis', { redisUrl: redis.url }, redis)
}
