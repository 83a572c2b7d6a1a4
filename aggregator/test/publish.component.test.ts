// Buckets travel: what is counted reaches the topic, through crashes and refusals, without counting ever waiting for it.
import { systemClock } from '@tally/platform/process/clock'
import { Unavailable } from '@tally/platform/process/errors'
import { createLog } from '@tally/platform/process/log'
import type { Passes } from '@tally/platform/process/passes'
import { expect } from 'chai'
import { until } from '../../test/support/until.ts'
import { duckdbChanges } from '../publish/changes.ts'
import { type ChangedBucket, publishBuckets } from '../publish/publish-buckets.ts'
import { duckdbTending } from '../store/maintenance.ts'
import { type Opened, openCounting, scratch } from './support/counting.ts'
import { event, line, NOW, newId, slice } from './support/orders.ts'

type Sent = ChangedBucket | { asOf: bigint }

/** A topic that keeps what was acknowledged, in order; it may refuse, or hold what is sent. */
function keptTopic() {
  const topic = {
    sent: [] as Sent[],
    refusing: false,
    held: undefined as Promise<void> | undefined,
    buckets: () => topic.sent.filter((one): one is ChangedBucket => 'revision' in one),
    marks: () => topic.sent.filter((one) => !('revision' in one)),
    async send(buckets: readonly ChangedBucket[]) {
      await topic.held
      if (topic.refusing) throw new Unavailable('the broker is away')
      topic.sent.push(...buckets)
    },
    async mark(asOf: bigint) {
      topic.sent.push({ asOf })
    },
    /** What a reader of the topic alone knows: per key the highest revision. */
    read(): string[] {
      const table = new Map<string, ChangedBucket>()
      for (const bucket of topic.buckets()) {
        const key = `${bucket.minute} ${bucket.category} ${bucket.currency}`
        if (bucket.revision > (table.get(key)?.revision ?? 0n)) table.set(key, bucket)
      }
      return [...table].map(([key, { orders, units, revenueMinor }]) => `${key} ${orders}/${units}/${revenueMinor}`).sort()
    },
  }
  return topic
}

describe('publishing buckets', () => {
  let files: ReturnType<typeof scratch>
  let topic: ReturnType<typeof keptTopic>
  let opened: Opened
  let publishing: Passes | undefined
  const count = (...events: ReturnType<typeof event>[]) => opened.counting.handle(slice(opened.counting.startAt('', 0), events))
  const open = async () => {
    opened = await openCounting(files.path, { clock: opened?.clock, onFlushed: () => publishing?.wake() })
  }
  const publish = async () => {
    publishing = publishBuckets({
      changed: duckdbChanges(await opened.file.connect()),
      topic,
      published: opened.counting.published,
      clock: systemClock,
      log: createLog('test', 'silent'),
    })
  }
  const close = async () => {
    await publishing?.stop()
    publishing = undefined
    await opened.close()
  }
  const dirty = async () => (await opened.rows('select count(*) from dirty'))[0]?.[0]
  const settled = () => until(async () => (await dirty()) === 0n, { what: 'nothing is left to be published' })
  beforeEach(async () => {
    files = scratch()
    topic = keptTopic()
    await open()
  })
  afterEach(async () => {
    await close()
    files.remove()
  })

  it('sends whole buckets, each time with a higher revision', async () => {
    await publish()
    await count(event(newId(), { placedAt: 0n }))
    await settled()
    await count(event(newId(), { placedAt: 0n }))
    await settled()
    const [first, second] = topic.buckets()
    expect(first).to.include({ minute: 0, category: 'Chairs', currency: 'USD', orders: 1n, units: 2n, revenueMinor: 1_000n })
    expect(second).to.include({ minute: 0, orders: 2n, units: 4n, revenueMinor: 2_000n })
    expect(Number((second?.revision ?? 0n) - (first?.revision ?? 0n))).to.be.greaterThan(0)
  })

  it('sends after a crash what was counted before it, and what was acknowledged not again', async () => {
    await count(event(), event())
    await opened.close()
    await open()
    await publish()
    await settled()
    expect(topic.read()).to.deep.equal(await opened.totals())
    await close()
    await open()
    await publish()
    await count(event(newId(), { placedAt: 0n }))
    await settled()
    expect(topic.buckets().map(({ minute }) => minute)).to.deep.equal([(NOW - 3_600_000) / 60_000, 0])
  })

  it('keeps what the broker refuses and sends it later', async () => {
    topic.refusing = true
    await publish()
    await count(event())
    expect(await dirty()).to.equal(1n)
    topic.refusing = false
    await settled()
    expect(topic.read()).to.deep.equal(await opened.totals())
  })

  it('never holds up counting', async () => {
    const held = Promise.withResolvers<void>()
    topic.held = held.promise
    await publish()
    for (let n = 0; n < 5; n += 1) await count(event())
    expect(topic.buckets()).to.deep.equal([])
    held.resolve()
    await settled()
    expect(topic.read()).to.deep.equal(await opened.totals())
  })

  it('sends more than a page of buckets, each once', async () => {
    const lines = Array.from({ length: 100 }, (_, n) => line(`C${n}`, 1, 1n))
    await count(...Array.from({ length: 101 }, (_, n) => event(newId(), { placedAt: BigInt(n) * 60_000_000n, lines })))
    await publish()
    await settled()
    expect(topic.buckets()).to.have.length(10_100)
    expect(topic.read()).to.deep.equal((await opened.totals()).sort())
  })

  it('leaves a reader of the topic with the counts, also when the file was replaced by an older one', async () => {
    await publish()
    await count(event())
    await settled()
    await close()
    files.keepCopy()
    await open()
    await publish()
    const lost = event()
    await count(lost)
    await settled()
    await close()
    files.restoreCopy()
    opened.clock.at += 1_000
    await open()
    await publish()
    await count(lost, event(), event())
    await settled()
    expect(topic.read()).to.deep.equal(await opened.totals())
    expect(topic.read()[0]).to.contain(' 4/')
  })

  it('leaves a reader of the topic with whole hours once minutes are folded: what is gone has zeros', async () => {
    await publish()
    const at = (minute: number) => event(newId(), { placedAt: BigInt(minute) * 60_000_000n })
    await count(at(1), at(2), at(59), at(60), at(200))
    await settled()
    topic.refusing = true
    await opened.counting.fold(120)
    await (await duckdbTending(await opened.file.connect(), 1)).absorb()
    topic.refusing = false
    await settled()
    await count(at(30))
    await settled()
    expect(topic.read().filter((text) => !text.endsWith(' 0/0/0'))).to.have.members(await opened.totals())
    expect(topic.read()).to.include.members(['0 Chairs USD 4/8/4000', '59 Chairs USD 0/0/0', '200 Chairs USD 1/2/1000'])
  })

  it('says asOf behind the buckets it speaks of: at the start, and when it crosses a minute', async () => {
    const minute = 60_000_000n
    const asOf = async (at: bigint) => {
      opened.counting.aimAt({ asOf: at, ends: new Map() })
      await count(event())
    }
    await asOf(minute)
    await publish()
    await until(() => topic.marks().length === 1, { what: 'the first mark' })
    expect(topic.sent.map((one) => ('revision' in one ? 'bucket' : one.asOf))).to.deep.equal(['bucket', minute])
    await asOf(minute + 1n)
    await settled()
    await asOf(2n * minute)
    await until(() => topic.marks().length === 2, { what: 'the second mark' })
    expect(topic.sent.map((one) => ('revision' in one ? 'bucket' : one.asOf))).to.deep.equal([
      'bucket',
      minute,
      'bucket',
      'bucket',
      2n * minute,
    ])
  })
})
