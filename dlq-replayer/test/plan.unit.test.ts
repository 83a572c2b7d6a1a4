// What the plan finds, what it leaves out, and how it reads.

import { Unavailable } from '@tally/platform/process/errors'
import { expect } from 'chai'
import { letterOf } from '../adapters/kafka-letters.ts'
import { HELP } from '../command/help-text.ts'
import { planJson } from '../command/plan-json.ts'
import type { PlanView } from '../command/plan-text.ts'
import { planText } from '../command/plan-text.ts'
import { settledAs } from '../ledger/outcome.ts'
import type { Filter } from '../letters/filter.ts'
import { parseFilter } from '../letters/filter-words.ts'
import type { Letter } from '../letters/letter.ts'
import { letterLine } from '../letters/letter-line.ts'
import { causesOf } from '../plan/plan.ts'
import { planIdText } from '../plan/plan-id.ts'
import { planReplay } from '../plan/plan-replay.ts'
import { DLQ, FAILED_AT, letter } from './support/letters.ts'
import { memoryWorld } from './support/memory-world.ts'
import { expectSnapshot } from './support/snapshot.ts'

const texts = (headers: Record<string, string>) =>
  Object.fromEntries(Object.entries(headers).map(([name, text]) => [name, Buffer.from(text)]))

const order = (n: number) => ({
  orderId: 384_100_000_000_000_000n + BigInt(n),
  externalOrderId: `shop-${n}`,
  merchantId: n % 2 === 0 ? 'acme' : 'globex',
  currency: 'USD',
  totalMinor: 4_200n,
  lines: [{ sku: 'FUR-CH-100', category: 'Chairs', quantity: 2, unitPriceMinor: 2_100n }],
})

const readable = (offset: number) =>
  letter(offset, {
    reason: 'older-than-window',
    exception: 'InvalidMessage',
    message: 'event of "acme" is 9 days old',
    attempts: 3,
    replays: offset % 3,
  })

/** Letters 0 to 4 unreadable, 5 to 9 readable. */
const mixed = (): Letter[] => Array.from({ length: 10 }, (_, n) => (n < 5 ? letter(n) : readable(n)))

const decode = async (letters: Letter[], value: Buffer | null) => {
  const found = letters.find((each) => each.value === value)
  return found?.reason === 'older-than-window' ? order(Number(found.offset)) : undefined
}

async function plan(letters: Letter[], filter: Filter = {}, words: Record<string, string> = {}) {
  const world = memoryWorld(letters)
  const planned = await planReplay([DLQ], filter, {
    letters: world.reader,
    ledger: await world.audit.refresh(),
    decode: (_, value) => decode(letters, value),
  })
  const view: PlanView = {
    ...planned,
    planId: planIdText(planned.plans, FAILED_AT + 840_000),
    filter: words,
    pace: {},
    unmask: false,
    now: FAILED_AT + 900_000,
    command: 'make replay-dlq',
  }
  return { ...planned, view, first: planned.plans[0] as (typeof planned.plans)[number] }
}

describe('the plan', () => {
  it('counts letters by cause, with when they failed and three of each', async () => {
    const { first } = await plan(mixed())
    const causes = causesOf(first).map(({ reason, schemaId, letters, samples, replays }) => ({
      reason,
      schemaId,
      letters,
      samples: samples.length,
      replays,
    }))
    expect(causes).to.deep.equal([
      { reason: 'unknown-schema', schemaId: 7, letters: 5, samples: 3, replays: { min: 0, max: 0 } },
      { reason: 'older-than-window', schemaId: 7, letters: 5, samples: 3, replays: { min: 0, max: 2 } },
    ])
  })

  it('reads well on an 80-column terminal', async () => {
    expectSnapshot('plan', planText((await plan(mixed())).view))
  })

  it('reads well with a filter', async () => {
    const { view } = await plan(mixed(), { reasons: ['unknown-schema'], max: 2 }, { REASON: 'unknown-schema', MAX: '2' })
    expectSnapshot('plan-filtered', planText(view))
  })

  it('says so when there is nothing', async () => {
    expectSnapshot('plan-empty', planText((await plan([])).view))
  })

  it('lists parked letters with the way to open them', async () => {
    const letters = mixed()
    const world = memoryWorld(letters)
    const parked = letters.slice(0, 2).map((letter) => settledAs(letter, { outcome: 'parked' }))
    await world.audit.append([{ kind: 'settled', run: 'r', dlq: DLQ.name, letters: parked, at: 0 }])
    const planned = await planReplay(
      [DLQ],
      {},
      { letters: world.reader, ledger: await world.audit.refresh(), decode: async () => undefined, parked: true },
    )
    const { view } = await plan(letters)
    expectSnapshot('plan-parked', planText({ ...view, ...planned, parked: true }))
  })

  it('explains the command on its own', () => {
    expectSnapshot('help', HELP)
  })

  it('masks customers in every output unless asked otherwise', async () => {
    const { view } = await plan(mixed())
    for (const text of [planText(view), JSON.stringify(planJson(view))]) expect(text).not.to.match(/acme|globex|shop-/)
    expect(JSON.stringify(planJson({ ...view, unmask: true }))).to.match(/acme/)
  })

  it('shows the bytes of what nobody can read', async () => {
    const { view } = await plan([letter(0, { value: Buffer.from('not avro'), eventId: null })])
    expectSnapshot('plan-unreadable', planText(view))
  })

  it('shows what has a number in its headers that is none as no dead letter, and goes on', async () => {
    const own = { 'dlq.topic': 'order-events', 'dlq.partition': '3', 'dlq.offset': '17', 'dlq.group': 'aggregator', 'dlq.attempts': '1' }
    const records = ['dlq.partition', 'dlq.offset', 'dlq.attempts', 'dlq.replays'].map((name, offset) => {
      return letterOf(DLQ, { ...letter(offset).record, headers: texts({ ...own, [name]: 'abc' }) })
    })
    const { first, view } = await plan([...records, letterOf(DLQ, { ...letter(4).record, headers: texts(own) })])
    expect(causesOf(first).map(({ reason, letters }) => [reason, letters])).to.deep.equal([
      ['not-a-dead-letter', 4],
      ['unknown', 1],
    ])
    expect(planText(view)).to.include('its header dlq.partition is not a whole number').and.not.include('NaN')
    expect(letterLine(DLQ.name, records[1] as Letter)).to.include('"original":{"topic":"order-events","partition":-1,"offset":"0"}')
  })

  it('names the same letters by the same id, others by another', async () => {
    const [all, again, some] = [await plan(mixed()), await plan(mixed()), await plan(mixed(), { max: 9 })]
    expect(all.view.planId).to.equal(again.view.planId)
    expect(some.view.planId).not.to.equal(all.view.planId)
  })

  it('leaves out what is settled, and shows what has no known outcome again', async () => {
    const letters = mixed()
    const world = memoryWorld(letters)
    await world.audit.append([
      {
        kind: 'settled',
        run: 'r',
        dlq: DLQ.name,
        at: 0,
        letters: [
          { partition: 0, from: 0n, next: 1n, outcome: 'counted' },
          { partition: 0, from: 1n, next: 2n, outcome: 'unknown' },
        ],
      },
    ])
    const ledger = await world.audit.refresh()
    const { plans } = await planReplay([DLQ], {}, { letters: world.reader, ledger, decode: async () => undefined })
    expect(plans[0]).to.include({ settled: 1, selected: 9, unknown: 1 })
  })

  it('goes on without the registry, but not when only values can tell', async () => {
    const world = memoryWorld(mixed())
    const planning = {
      letters: world.reader,
      ledger: await world.audit.refresh(),
      decode: async () => {
        throw new Unavailable('the registry is away')
      },
    }
    expect((await planReplay([DLQ], {}, planning)).registryAway).to.equal(true)
    const failed = await planReplay([DLQ], { merchants: ['acme'] }, planning).catch((error: unknown) => error)
    expect(failed).to.be.instanceOf(Unavailable)
  })
})

describe('the filter', () => {
  const selectedBy = async (words: Record<string, string>) =>
    (await plan(mixed(), parseFilter(words, FAILED_AT + 10_000))).plans[0]?.selected ?? 0

  it('narrows by each of its words', async () => {
    const { eventId, key } = { eventId: letter(3).headers.id?.toString() ?? '', key: letter(4).key?.toString() ?? '' }
    const counts: [Record<string, string>, number][] = [
      [{}, 10],
      [{ TOPIC: 'order-events' }, 10],
      [{ TOPIC: DLQ.name }, 10],
      [{ TOPIC: 'order-buckets' }, 0],
      [{ REASON: 'unknown-schema' }, 5],
      [{ REASON: 'unknown-schema,older-than-window' }, 10],
      [{ EVENT_ID: eventId }, 1],
      [{ ORDER_ID: key }, 1],
      [{ MERCHANT: 'acme' }, 2],
      [{ SINCE: '4s' }, 4],
      [{ UNTIL: '2026-11-24T02:58:14Z' }, 3],
      [{ TOPIC: 'order-events', OFFSETS: '0:2-4,0:9' }, 4],
      [{ MAX: '3' }, 3],
      [{ REASON: 'unknown-schema', SINCE: '8s', MAX: '2' }, 2],
    ]
    for (const [words, expected] of counts) expect(await selectedBy(words), JSON.stringify(words)).to.equal(expected)
  })

  it('names every word it cannot read', () => {
    for (const name of ['TOPIC', 'REASON', 'EVENT_ID', 'ORDER_ID', 'MERCHANT', 'OFFSETS']) {
      expect(() => parseFilter({ [name]: ' , ' }, 0), name).to.throw(`${name}= , : expected`)
    }
    expect(() => parseFilter({ SINCE: 'yesterday', OFFSETS: '5-1', MAX: '0' }, 0)).to.throw(/SINCE=yesterday[\s\S]*OFFSETS=5-1[\s\S]*MAX=0/)
  })
})
