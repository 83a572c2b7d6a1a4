// The command, the service and a consuming group, on Kafka and PostgreSQL.
import { randomUUID } from 'node:crypto'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dlqOf, parkedOf } from '@tally/schemas/contract/topics'
import { expect } from 'chai'
import { Redis } from 'ioredis'
import pg from 'pg'
import { redisServer } from '../../test/support/redis.ts'
import { stack } from '../../test/support/stack.ts'
import { createTopics, deleteTopics, endsOf } from '../../test/support/topics.ts'
import { until } from '../../test/support/until.ts'
import type { Group } from './support/counting-group.ts'
import { countingGroup } from './support/counting-group.ts'
import { replayer } from './support/replayer.ts'

type Runs = { runs: { id: string; how: string; tally: { outcomes: Record<string, number>; reasons: Record<string, number> } }[] }
type Plan = {
  planId: string
  selected: number
  queues: { open: number; selected: number; settled: number; causes: { reason: string; letters: number }[] }[]
}

describe('make replay-dlq', () => {
  const unique = randomUUID().slice(0, 8)
  let topic: string
  let group: string
  let dlq: string
  let topics: string[]
  let counting: Group
  let other: Group
  let own: ReturnType<typeof replayer>
  let closers: (() => Promise<unknown>)[] = []
  let n = 0

  beforeEach(async () => {
    n += 1
    topic = `test-replay-${unique}-${n}`
    group = `counting-${unique}-${n}`
    dlq = dlqOf(topic, group)
    const auditTopic = `test-audit-${unique}-${n}`
    topics = [topic, dlq, parkedOf(topic, group), auditTopic]
    await createTopics({ [topic]: 3, [dlq]: 1, [parkedOf(topic, group)]: 1, [auditTopic]: 1 })
    closers = [() => deleteTopics(topics)]
    counting = await countingGroup(topic, group)
    closers.unshift(counting.close)
    other = await countingGroup(topic, `other-${unique}-${n}`)
    closers.unshift(other.close)
    own = replayer({ topic, group, auditTopic, aggregatorUrl: counting.url })
    closers.unshift(own.close)
  })
  afterEach(async () => {
    for (const close of closers) await close()
  })

  /** Appends events; the text of event i is what `textOf` gives, its key and id are its own. */
  async function place(count: number, textOf: (i: number) => string): Promise<void> {
    await counting.recordLog.append(
      topic,
      Array.from({ length: count }, (_, i) => ({
        key: Buffer.from(`order-${i}`),
        value: Buffer.from(textOf(i)),
        headers: {
          id: Buffer.from(String(1_000 + i)),
          traceparent: Buffer.from('00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'),
        },
      })),
    )
  }
  const letters = async (): Promise<number> => (await endsOf([dlq]))[dlq]?.reduce((sum, end) => sum + Number(end), 0) ?? 0
  const lettersAre = (count: number) => until(async () => (await letters()) === count, { what: `${count} dead letters` })
  const json = async <T>(parameters: Record<string, string>): Promise<T & { exitCode: number | null }> => {
    const answer = await own.command({ ...parameters, JSON: '1' })
    try {
      return { ...JSON.parse(answer.out), exitCode: answer.exitCode }
    } catch {
      throw new Error(`no JSON, exit ${answer.exitCode}: ${answer.out}${answer.note}`)
    }
  }

  /** 30 events: 10 good, 12 that will be mended, 8 that will not. */
  async function twentyLetters(): Promise<void> {
    counting.broken.set('new schema', 'unknown-schema').set('nonsense', 'undecodable')
    await place(30, (i) => (i % 3 === 0 ? 'good' : i < 18 ? 'new schema' : 'nonsense'))
    await lettersAre(20)
    await until(() => counting.counted.size === 10 && other.handled() === 30, { what: 'the good ones are counted' })
  }

  it('alone changes nothing', async () => {
    await twentyLetters()
    const before = await endsOf(topics)
    const plan = await json<Plan>({})
    const text = await own.command()
    expect(plan.exitCode).to.equal(0)
    expect(plan.queues[0]?.causes.map(({ reason, letters }) => [reason, letters])).to.deep.equal([
      ['unknown-schema', 12],
      ['undecodable', 8],
    ])
    expect(text.out).to.include('20 open dead letters. Nothing was changed.').and.include('GO=1 WHY=')
    expect(await endsOf(topics)).to.deep.equal(before)
  })

  it('counts what was mended once, settles what failed again, and leaves the other group alone', async () => {
    await twentyLetters()
    await own.start()
    counting.broken.delete('new schema')
    const first = await json<Runs>({ GO: '1', WHY: 'schema registered', CANARY: '0', YES: '1' })
    expect(first.runs[0]?.tally.outcomes).to.deep.equal({ counted: 12, 'failed-again': 8 })
    expect(first.runs[0]?.tally.reasons).to.deep.equal({ 'failed-again: undecodable': 8 })
    expect(first.exitCode).to.equal(2)
    expect(counting.counted.size).to.equal(22)
    expect(other.handled()).to.equal(30)
    const status = await own.command({ STATUS: '1', RUN: first.runs[0]?.id ?? '' })
    expect(status.out, 'the rate when none was asked for').to.contain('then 500 letters a second')

    const plan = await json<Plan>({})
    expect(plan.queues[0]).to.include({ open: 8, settled: 20 })
    const second = await json<Runs>({ GO: '1', WHY: 'once more', CANARY: '0' })
    expect(second.runs[0]?.tally.outcomes).to.deep.equal({ 'failed-again': 8 })
    expect(counting.handled()).to.equal(22)
  })

  it('stops behind a canary that fails again', async () => {
    await twentyLetters()
    await own.start()
    const { runs, exitCode } = await json<Runs>({ GO: '1', WHY: 'hope', CANARY: '3', YES: '1' })
    expect(runs[0]?.how).to.equal('canary-failed')
    expect(runs[0]?.tally.outcomes).to.deep.equal({ 'failed-again': 3 })
    expect(exitCode).to.equal(2)
  })

  it('replays nothing twice when two run it at once', async () => {
    await twentyLetters()
    counting.broken.clear()
    const commands = [1, 2].map(() => own.command({ GO: '1', WHY: 'mended', CANARY: '0', YES: '1' }))
    // No run ends before somebody works it: the first that does is the one that is refused.
    await Promise.race(commands)
    await own.start()
    const answers = await Promise.all(commands)
    expect(answers.map(({ exitCode }) => exitCode).sort()).to.deep.equal([0, 4])
    expect(counting.handled()).to.equal(30)
    expect((await own.command({ GO: '1', WHY: 'mended' })).exitCode).to.equal(3)
  })

  it('shows open letters as metrics, by reason', async () => {
    await twentyLetters()
    const service = await own.start()
    const metrics = await until(
      async () => {
        const text = await service.metrics()
        return text.includes('replayer_open_letters{') && text
      },
      { what: 'the letters are in the metrics' },
    )
    expect(metrics).to.match(/replayer_open_letters\{[^}]*reason="unknown-schema"[^}]*\} 12\n/)
    expect(metrics).to.match(/replayer_oldest_open_letter_timestamp_seconds\{[^}]*\} \d{10}/)
    expect(await service.stop()).to.equal(0)
  })

  it('refuses without a reason, and without a yes where nobody can be asked', async () => {
    await twentyLetters()
    const before = await endsOf(topics)
    expect(await own.command({ GO: '1' })).to.include({ exitCode: 4 })
    expect(await own.command({ GO: '1', WHY: 'mended' })).to.include({ exitCode: 4 })
    expect(await own.command({ DISCARD: '1', WHY: 'tests', MAX: '1' })).to.include({ exitCode: 4 })
    expect(await endsOf(topics)).to.deep.equal(before)
  })

  it('at a terminal asks first, takes Ctrl-C for a no, and leaves a run going when it is left', async () => {
    await twentyLetters()
    const before = await endsOf(topics)
    /** Types once, when the text is on the screen. */
    const once = (wanted: string, typed: string) => {
      let done = false
      return (screen: string) => {
        if (done || !screen.includes(wanted)) return undefined
        done = true
        return typed
      }
    }
    const go = { GO: '1', WHY: 'mended', CANARY: '0', REASON: 'unknown-schema' }
    for (const no of ['\x03', '\x04', 'n\r']) {
      const refused = await own.atTerminal(go, once('Replay 12 letters? y/N', no))
      expect(refused.out).to.include('Refused, nothing was changed: not confirmed')
      expect(refused.exitCode).to.equal(4)
    }
    expect(await endsOf(topics)).to.deep.equal(before)

    counting.broken.clear()
    const asked = once('y/N', 'y\r')
    const left = once('Ctrl-C leaves it going', '\x03')
    const answer = await own.atTerminal(go, (screen) => asked(screen) ?? left(screen))
    expect(answer.out).to.match(/it goes on\. Watch it again: make replay-dlq .*STATUS=1 RUN=\w+-\w+/)
    expect(answer.exitCode, answer.out).to.equal(1)
    await own.start()
    await until(() => counting.counted.size === 22, { what: 'the run that was left is worked' })
  })

  it('says so when nothing matched', async () => {
    expect(await own.command()).to.include({ exitCode: 3 })
    await twentyLetters()
    expect(await own.command({ REASON: 'nothing-like-it' })).to.include({ exitCode: 3 })
    expect(await own.command({ REASON: 'nothing-like-it', GO: '1', WHY: 'x' })).to.include({ exitCode: 3 })
  })

  it('goes on after the service was killed in the middle, and every letter is handled once', async () => {
    await counting.deadLetters(120)
    let service = await own.start()
    const going = json<Runs>({ GO: '1', WHY: 'mended', RATE: '40', YES: '1' })
    for (const reached of [25, 70]) {
      await until(() => counting.handled() >= reached, { what: `${reached} letters are replayed` })
      await service.kill()
      service = await own.start()
    }
    const { runs, exitCode } = await going
    expect(runs[0]?.tally.outcomes).to.deep.equal({ counted: 120 })
    expect(exitCode).to.equal(0)
    expect(counting.counted.size).to.equal(120)
    expect(counting.handled()).to.equal(120)
    expect((await json<Plan>({})).queues[0]).to.include({ open: 0, settled: 120 })
    expect(await service.stop()).to.equal(0)
  })

  async function losesItsQueue(service: Record<string, string>, empty: () => Promise<unknown>): Promise<void> {
    await counting.deadLetters(60)
    await own.start(service)
    const goOn = counting.holdAt(20)
    const going = json<Runs>({ GO: '1', WHY: 'mended', RATE: '20', YES: '1' })
    await until(() => counting.handled() >= 20, { what: 'the run is behind its canary' })
    await empty()
    goOn()
    const { runs, exitCode } = await going
    expect(runs[0]?.tally.outcomes).to.deep.equal({ counted: 60 })
    expect(exitCode).to.equal(0)
    expect(counting.handled()).to.equal(60)
  }

  it('goes on after its queue in PostgreSQL lost every job', () =>
    losesItsQueue({}, async () => {
      const database = new pg.Client(stack.database('replayer', 'replayer'))
      await database.connect()
      const { rowCount } = await database.query('delete from bullmq.job where queue = $1', [dlq])
      await database.end()
      expect(rowCount).to.be.greaterThan(0)
    }))

  it('goes on after FLUSHALL of its queue in Redis', async function () {
    const redis = redisServer()
    if (redis === undefined) return this.skip()
    await redis.start()
    const client = new Redis(redis.url)
    try {
      await losesItsQueue({ REDIS_URL: redis.url }, () => client.flushall())
    } finally {
      client.disconnect()
      await own.close()
      await redis.stop()
    }
  })

  it('pauses, resumes and cancels', async () => {
    await counting.deadLetters(60)
    await own.start()
    const going = json<Runs>({ GO: '1', WHY: 'mended', RATE: '2', YES: '1' })
    await until(() => counting.handled() >= 12, { what: 'the run is behind its canary' })
    expect((await own.command({ PAUSE: '1' })).exitCode).to.equal(0)
    expect((await own.command({ STATUS: '1' })).out).to.include('paused')
    expect((await own.command({ RESUME: '1' })).exitCode).to.equal(0)
    const { handled } = { handled: counting.handled() }
    await until(() => counting.handled() > handled, { what: 'the run goes on' })
    expect((await own.command({ CANCEL: '1' })).exitCode).to.equal(0)
    const { runs } = await going
    expect(runs[0]?.how).to.equal('cancelled')
    const counted = runs[0]?.tally.outcomes.counted ?? 0
    expect(counting.handled()).to.equal(counted)
    expect((await json<Plan>({})).queues[0]).to.include({ open: 60 - counted, settled: counted })
  })

  it('mends letters that can never be handled as they are, and tells the whole history', async () => {
    await twentyLetters()
    await own.start()
    const file = `/tmp/${topic}.ts`
    writeFileSync(file, "export default (letter: any) => ({ ...letter, value: Buffer.from('good') })\n")
    try {
      const mend = { REASON: 'undecodable', PATCH: file }
      const look = await own.command(mend)
      expect(look.out).to.include('8  changed').and.include('Nothing was changed')
      expect(await letters()).to.equal(20)
      const { runs, exitCode } = await json<Runs>({ ...mend, GO: '1', WHY: 'mended by hand' })
      expect(runs[0]?.tally.outcomes).to.deep.equal({ counted: 8 })
      expect(exitCode).to.equal(0)
    } finally {
      rmSync(file)
    }
    expect(counting.counted.size).to.equal(18)
    expect((await json<Plan>({})).queues[0]).to.include({ open: 12, settled: 16 })
    const history = await own.command({ HISTORY: '1' })
    expect(history.out).to.match(/patch \S+ by ada@.*Why: mended by hand.*8 patched.*replay \S+ by ada@.*8 counted/s)
  })

  it('discards with a reason, exports with original bytes', async () => {
    await twentyLetters()
    const file = `/tmp/${topic}.ndjson`
    expect(await own.command({ REASON: 'undecodable', EXPORT: file })).to.include({ exitCode: 0 })
    const lines = readFileSync(file, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    const kept = await json<{ import: unknown }>({ IMPORT: file })
    expect(kept.import).to.deep.equal([{ dlq, letters: 8, missing: 0, settled: 0 }])
    rmSync(file)
    expect(lines.length).to.equal(8)
    expect(Buffer.from(lines[0].value, 'base64').toString()).to.equal('nonsense')
    expect(Buffer.from(lines[0].headers['dlq.reason'], 'base64').toString()).to.equal('undecodable')
    const discarded = await json<Runs>({ REASON: 'undecodable', DISCARD: '1', WHY: 'test orders', YES: '1' })
    expect(discarded.runs[0]?.tally.outcomes).to.deep.equal({ discarded: 8 })
    expect((await json<Plan>({})).queues[0]).to.include({ open: 12, settled: 8 })
    expect(await letters()).to.equal(20)
  })
})
