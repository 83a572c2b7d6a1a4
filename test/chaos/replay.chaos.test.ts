// A run of the dlq-replayer, while its worker and the store of its queue are killed: every letter is handled once.
import { expect } from 'chai'
import { CHAOS_SEED } from '../support/config.ts'
import { killService } from '../support/faults.ts'
import { seeded } from '../support/random.ts'
import { redisServer } from '../support/redis.ts'
import { type ReplayScene, replayScene } from '../support/replay-scene.ts'
import { until } from '../support/until.ts'

const KILLS = 20

describe('a replay', function () {
  this.timeout(600_000)
  let scene: ReplayScene

  beforeEach(async () => {
    scene = await replayScene()
  })
  afterEach(() => scene.close())

  it('goes on after twenty kills of its worker at random moments, and every letter is handled once', async () => {
    const { own, counting, fail, run } = scene
    const seed = CHAOS_SEED ?? Math.floor(performance.timeOrigin) % 1_000_000
    process.stdout.write(`      CHAOS_SEED=${seed}\n`)
    const random = seeded(seed)
    await fail(400)
    // The run must not end before the last kill.
    const goOn = counting.holdAt(380)
    let ended = false
    const running = run().finally(() => {
      ended = true
    })
    let kills = 0
    while (!ended) {
      const service = await own.start()
      if (kills === KILLS) break
      // Some letters further, or at once: the moment is the group's, not the clock's.
      const more = Math.min(380, counting.handled() + random.below(25))
      await until(() => ended || counting.handled() >= more, { what: 'the run goes on', everyMs: 5 })
      await service.kill()
      kills += 1
    }
    goOn()
    await running
    expect(kills).to.equal(KILLS)
  })

  it('goes on after PostgreSQL was killed under its queue', async () => {
    const { own, counting, fail, run } = scene
    await fail(120)
    await own.start()
    const running = run()
    for (const reached of [20, 60]) {
      await until(() => counting.handled() >= reached, { what: `${reached} letters are replayed` })
      await killService('postgres')
    }
    await running
  })

  it('goes on after Redis was killed under its queue, with all that was in it', async function () {
    const redis = redisServer()
    if (redis === undefined) return this.skip()
    const { own, counting, fail, run } = scene
    await redis.start()
    try {
      await fail(120)
      await own.start({ REDIS_URL: redis.url })
      const running = run()
      await until(() => counting.handled() >= 20, { what: 'the run is behind its canary' })
      await redis.stop('SIGKILL')
      await redis.start()
      await running
    } finally {
      await redis.stop()
    }
  })
})
