// Looks through the dead letter queues, reading only: which letters are open, meant by the filter, and why they failed.

import { Unavailable } from '@tally/platform/process/errors'
import type { Bounds } from '@tally/platform/records/record-log'
import { endsOf } from '#ledger/entry'
import type { Ledger } from '#ledger/ledger'
import { queueOf } from '#ledger/ledger'
import type { Filter } from '#letters/filter'
import { matchesHead, matchesMerchant, meansQueue } from '#letters/filter'
import type { Dlq, Letter } from '#letters/letter'
import { positionText } from '#letters/letter'
import type { Positions, Range } from '#letters/positions'
import { hasPosition, positionsOf, sizeOf, split } from '#letters/positions'
import type { LetterReader } from '#ports'
import type { QueuePlan } from './plan.ts'
import { addLetter, addOpen, addSample, emptyPlan, wantsSample } from './plan.ts'
import { boundsThen } from './plan-id.ts'

export type Planning = {
  letters: LetterReader
  ledger: Ledger
  /** What a value of the topic decodes to; undefined when nobody can read it. @throws Unavailable without the registry */
  decode(topic: string, value: Buffer | null): Promise<unknown>
  /** Where the queues ended when the plan was made that this one repeats. */
  ends?: bigint[]
  /** Only letters at these positions, by queue. */
  only?: Map<string, Positions>
  /** Looks at the parked letters instead of the open ones. */
  parked?: boolean
  /** Called now and then with how many letters were looked at, of how many. */
  onProgress?(done: number, total: number): void
  /** Breaks the look off; the plan is of no use then. */
  signal?: AbortSignal
}

const PROGRESS_EVERY = 2_000

/** Plans over all queues the filter can mean; `registryAway`: values could not be read. */
export async function planReplay(dlqs: Dlq[], filter: Filter, planning: Planning): Promise<{ plans: QueuePlan[]; registryAway: boolean }> {
  const decode = patientDecode(planning, filter)
  const meant = dlqs.filter((each) => meansQueue(filter, each))
  const bounds = await boundsOf(meant, planning)
  const looks = meant.map((dlq, i) => ({ dlq, partitions: bounds[i] ?? new Map(), ...rangesToRead(dlq, bounds[i] ?? new Map(), planning) }))
  const total = looks.reduce((sum, { ranges }) => sum + sizeOf(ranges), 0)
  let done = 0
  const plans: QueuePlan[] = []
  for (const { dlq, partitions, ranges, settled } of looks) {
    const plan = emptyPlan(dlq, endsOf(partitions), await planning.letters.retentionMs?.(dlq))
    plan.settled = settled
    const { unknown } = queueOf(planning.ledger, dlq.name)
    const wanted = positionsOf(ranges)
    for await (const letter of planning.letters.read(dlq, ranges)) {
      planning.signal?.throwIfAborted()
      done += 1
      if (done % PROGRESS_EVERY === 0) planning.onProgress?.(done, total)
      if (!hasPosition(wanted, letter.partition, letter.offset)) continue
      addOpen(plan, letter)
      if (!(await isMeant(filter, letter, plan, decode.value))) plan.others += 1
      else await take(plan, letter, unknown, decode.value)
    }
    plans.push(plan)
  }
  return { plans, registryAway: decode.away() }
}

async function boundsOf(dlqs: Dlq[], { letters, ends }: Planning): Promise<Map<number, Bounds>[]> {
  const now: Map<number, Bounds>[] = []
  for (const dlq of dlqs) now.push(await letters.bounds(dlq))
  if (ends === undefined) return now
  const then = boundsThen(ends, now)
  if (then === undefined) throw new Error('PLAN: made for other queues, or for another filter. Look again, without PLAN')
  return then
}

/** What is settled need not be read: a queue whose past is settled is planned as fast as a new one. */
function rangesToRead(dlq: Dlq, partitions: Map<number, Bounds>, { ledger, parked, only }: Planning): { ranges: Range[]; settled: number } {
  const known = queueOf(ledger, dlq.name)
  const all = [...partitions].map(([partition, { logStart, highWatermark }]) => ({ partition, from: logStart, next: highWatermark }))
  const kept = only === undefined ? all : all.flatMap((range) => split(range, only.get(dlq.name) ?? new Map()).inside)
  if (parked) return { ranges: kept.flatMap((range) => split(range, known.parked).inside), settled: 0 }
  const parts = kept.map((range) => split(range, known.final))
  return { ranges: parts.flatMap(({ outside }) => outside), settled: sizeOf(parts.flatMap(({ inside }) => inside)) }
}

type Decode = (letter: Letter) => Promise<unknown>

async function isMeant(filter: Filter, letter: Letter, plan: QueuePlan, decode: Decode): Promise<boolean> {
  if (filter.max !== undefined && plan.selected >= filter.max) return false
  if (!matchesHead(filter, letter)) return false
  return filter.merchants === undefined || matchesMerchant(filter, await decode(letter))
}

async function take(plan: QueuePlan, letter: Letter, unknown: Map<string, string>, decode: Decode): Promise<void> {
  const cause = addLetter(plan, letter)
  if (unknown.has(positionText(letter))) plan.unknown += 1
  if (wantsSample(cause)) addSample(cause, letter, await decode(letter))
}

/** Without the registry a plan goes on with bytes, unless the filter asks for what only the values tell. */
function patientDecode({ decode }: Planning, filter: Filter): { value: Decode; away(): boolean } {
  let away = false
  return {
    away: () => away,
    async value(letter) {
      if (away) return undefined
      try {
        return await decode(letter.original.topic, letter.value)
      } catch (error) {
        if (!(error instanceof Unavailable) || filter.merchants !== undefined) throw error
        away = true
        return undefined
      }
    },
  }
}
