// What the replayer needs of a queue, from BullMQ on PostgreSQL and, where it is installed, on Redis.
import { randomUUID } from 'node:crypto'
import { listen } from '@tally/platform/http/server'
import { systemClock } from '@tally/platform/process/clock'
import { createLog } from '@tally/platform/process/log'
import { expect } from 'chai'
import { redisServer } from '../../test/support/redis.ts'
import { stack } from '../../test/support/stack.ts'
import { until } from '../../test/support/until.ts'
import { BOARD_PATH, bullBoard } from '../worker/bullmq-board.ts'
import type { BullmqCuts, CutStore } from '../worker/bullmq-cuts.ts'
import { bullmqCuts } from '../worker/bullmq-cuts.ts'
import type { Cut } from '../worker/drive-runs.ts'

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

    it('are shown on the board to whoever knows the token, and cannot be changed there unless that was asked for', async () => {
      const name = `test-${randomUUID()}`
      const held = Promise.withResolvers<void>()
      const cuts = await start(name, () => held.promise)
      await cuts.add(cutOf(name, 0))
      const board = async (write: boolean, environment: string) => {
        const http = await listen(bullBoard({ queues: [cuts.queue], token: 'secret', write, environment }), { host: '127.0.0.1', port: 0 })
        const ask = (path: string, token?: string, method = 'GET') =>
          fetch(`http://127.0.0.1:${http.port}${BOARD_PATH}${path}`, {
            method,
            headers: token === undefined ? {} : { Authorization: `Basic ${Buffer.from(`ada:${token}`).toString('base64')}` },
          })
        return { ask, close: http.close }
      }
      const reading = await board(false, 'production')
      expect((await reading.ask('/')).status).to.equal(401)
      expect((await reading.ask('/', 'guess')).status).to.equal(401)
      expect(await (await reading.ask('/', 'secret')).text())
        .to.include('PRODUCTION')
        .and.include('read only')
      const { queues } = (await (await reading.ask(`/api/queues?activeQueue=${name}&status=latest`, 'secret')).json()) as {
        queues: { name: string; readOnlyMode: boolean; counts: Record<string, number> }[]
      }
      expect(queues[0]).to.include({ name, readOnlyMode: true })
      expect((queues[0]?.counts.active ?? 0) + (queues[0]?.counts.waiting ?? 0)).to.equal(1)
      const refused = await reading.ask(`/api/queues/${name}/pause`, 'secret', 'PUT')
      expect([refused.status, await refused.text()]).to.deep.equal([405, 'Read only: BULL_BOARD_WRITE=1 lets jobs be changed.\n'])
      expect(await cuts.queue.isPaused()).to.equal(false)
      await reading.close()

      const writing = await board(true, 'staging')
      expect((await writing.ask(`/api/queues/${name}/pause`, 'guess', 'PUT')).status).to.equal(401)
      expect((await writing.ask(`/api/queues/${name}/pause`, 'secret', 'PUT')).status).to.equal(200)
      expect(await cuts.queue.isPaused()).to.equal(true)
      await writing.close()
      held.resolve()
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
