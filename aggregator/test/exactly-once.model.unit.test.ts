// Random histories of deliveries, crashes, replays and restored files against a short oracle: after every step the counts
// are those of the distinct events before the stored positions, each once.
import { OutOfPosition, RejectedRecords } from '@tally/platform/process/errors'
import { expect } from 'chai'
import fc from 'fast-check'
import { countOrders } from '../count/count-orders.ts'
import type { OrderEvent } from '../count/order-event.ts'
import type { OrderSlice } from '../count/settle-slices.ts'
import { Crash, type MemoryCounts, memoryCounts } from './support/memory-counts.ts'
import { event, handClock, idAt, line, NOW, record } from './support/orders.ts'

const PARTITIONS = 3
const DAY_MS = 86_400_000
const HISTORIES = 20_000

/** Event n is the same wherever it lies in the log; every fourth is older than the window will be. */
const EVENTS = Array.from({ length: 12 }, (_, n) =>
  event(idAt(NOW - (n % 4 === 0 ? 9 : 1) * DAY_MS + n), {
    placedAt: BigInt(n % 3) * 60_000_000n,
    lines: [line(`C${n % 2}`, n + 1, 100n), line('C0', 1, BigInt(n))],
  }),
)

type Entry = { event: OrderEvent; poison: boolean }
type Step =
  | { do: 'append'; partition: number; n: number; poison: boolean }
  | { do: 'deliver'; parts: { partition: number; back: number; length: number }[]; crash?: 'before' | 'after' | undefined }
  | { do: 'restart' | 'keep' | 'restore' | 'age' }

const partition = fc.nat(PARTITIONS - 1)
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.record({ do: fc.constant('append' as const), partition, n: fc.nat(11), poison: fc.boolean() }) },
    {
      weight: 6,
      arbitrary: fc.record({
        do: fc.constant('deliver' as const),
        parts: fc.array(fc.record({ partition, back: fc.integer({ min: -1, max: 3 }), length: fc.nat(5) }), { minLength: 1, maxLength: 4 }),
        crash: fc.option(fc.constantFrom('before' as const, 'after' as const), { nil: undefined, freq: 3 }),
      }),
    },
    { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('restart' as const, 'keep' as const, 'restore' as const, 'age' as const) }) },
  ),
  { maxLength: 40, size: 'max' },
)

/** What the counts have to be: the distinct events that came through before the positions. */
function oracle(log: Entry[][], next: (partition: number) => number): Map<string, string> {
  const events = new Set(
    log.flatMap((entries, p) => entries.slice(0, next(p)).filter((entry) => !entry.poison)).map((entry) => entry.event),
  )
  const sums = new Map<string, bigint[]>()
  for (const { order } of events)
    for (const category of new Set(order.lines.map((each) => each.category))) {
      const lines = order.lines.filter((each) => each.category === category)
      const key = `${order.placedAt / 60_000_000n} ${category} ${order.currency}`
      const [orders = 0n, units = 0n, revenue = 0n] = sums.get(key) ?? []
      const more = lines.reduce((sum, each) => sum + BigInt(each.quantity) * each.unitPriceMinor, 0n)
      sums.set(key, [orders + 1n, units + BigInt(lines.reduce((sum, each) => sum + each.quantity, 0)), revenue + more])
    }
  return new Map([...sums].map(([key, values]) => [key, values.join('/')]))
}

function sliceOf(log: Entry[][], partition: number, from: number, length: number): OrderSlice {
  const entries = (log[partition] ?? []).slice(from, from + length).map((entry, n) => ({ ...entry, offset: BigInt(from + n) }))
  return {
    topic: 'order-events',
    partition,
    from: BigInt(from),
    next: BigInt(from + entries.length),
    messages: entries
      .filter(({ poison }) => !poison)
      .map(({ event, offset }) => ({ record: record(offset, event.eventId, partition), value: event })),
    deadLettered: entries
      .filter(({ poison }) => poison)
      .map(({ event, offset }) => ({ record: record(offset, event.eventId, partition), reason: 'undecodable' })),
    highWatermark: BigInt(log[partition]?.length ?? 0),
  }
}

/** As the loop does: what is rejected is dead-lettered, and comes as such when the slice is handed over again. */
function settleFault(outcome: unknown, entries: Entry[]): void {
  if (outcome === undefined || outcome instanceof OutOfPosition) return
  if (!(outcome instanceof RejectedRecords)) throw outcome
  for (const offset of outcome.faults.keys()) entries[Number(offset)] = { ...(entries[Number(offset)] as Entry), poison: true }
}

async function play(history: Step[]): Promise<void> {
  const log: Entry[][] = Array.from({ length: PARTITIONS }, () => [])
  let store: MemoryCounts = memoryCounts()
  let kept = store.reopen()
  const open = () =>
    countOrders({
      counts: store,
      decode: () => EVENTS[0] as OrderEvent,
      clock: handClock(),
      dedupWindowMs: 8 * DAY_MS,
      flushIntervalMs: 0,
      onFault: () => {},
    })
  let counting = open()
  const restart = (from: MemoryCounts) => {
    store = from.reopen()
    counting = open()
  }
  const check = () => {
    const next = (p: number) => Number(store.positions().get(p) ?? 0n)
    const counted = new Map([...store.cells()].map(([key, { orders, units, revenueMinor }]) => [key, `${orders}/${units}/${revenueMinor}`]))
    expect(counted).to.deep.equal(oracle(log, next))
  }
  const handle = (slice: OrderSlice) => counting.handle(slice).catch((error) => error)

  for (const step of history) {
    if (step.do === 'append') log[step.partition]?.push({ event: EVENTS[step.n] as OrderEvent, poison: step.poison })
    else if (step.do === 'restart') restart(store)
    else if (step.do === 'keep') kept = store.reopen()
    else if (step.do === 'restore') restart(kept)
    else if (step.do === 'age') counting.aimAt({ asOf: BigInt(NOW) * 1000n, ends: new Map() })
    else if (step.do === 'deliver') {
      if (step.crash !== undefined) store.crashNext(step.crash)
      const outcomes = await Promise.all(
        step.parts.map(({ partition, back, length }) =>
          handle(sliceOf(log, partition, Math.max(0, Number(counting.startAt('', partition)) - back), length)),
        ),
      )
      if (outcomes.some((outcome) => outcome instanceof Crash)) restart(store)
      else for (const [n, outcome] of outcomes.entries()) settleFault(outcome, log[step.parts[n]?.partition ?? 0] ?? [])
    }
    check()
  }
}

describe('a history of deliveries, crashes, replays and restored files', () => {
  it('ends, and stands at every step, with every event before the positions counted once', async function () {
    this.timeout(300_000)
    await fc.assert(fc.asyncProperty(steps, play), { numRuns: HISTORIES })
  })
})
