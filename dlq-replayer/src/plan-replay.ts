// Looks through the dead letter queues, reading only: which letters are open, meant by the filter, and why they failed.
import { createHash } from 'node:crypto'
import { Unavailable } from '@tally/platform/errors'
import type { Bounds } from '@tally/platform/record-log'
import type { Filter } from './filter.ts'
import { matchesHead, matchesMerchant, meansQueue } from './filter.ts'
import type { Ledger } from './ledger.ts'
import { queueOf } from './ledger.ts'
import type { Dlq, Letter } from './letter.ts'
import { positionText } from './letter.ts'
import type { QueuePlan } from './plan.ts'
import { addLetter, addSample, emptyPlan, wantsSample } from './plan.ts'
import type { Range } from './positions.ts'
import { hasPosition, positionRanges } from './positions.ts'

export type LetterReader = {
  bounds(dlq: Dlq): Promise<Map<number, Bounds>>
  /** The letters of the ranges that are still kept, by partition and offset; a stream, so any number fits into memory. */
  read(dlq: Dlq, ranges: Range[]): AsyncIterable<Letter>
}

export type Planning = {
  letters: LetterReader
  ledger: Ledger
  /** What a value of the topic decodes to; undefined when nobody can read it. @throws Unavailable without the registry */
  decode(topic: string, value: Buffer | null): Promise<unknown>
  /** Called now and then with how many letters were looked at, of how many. */
  onProgress?(done: number, total: number): void
  /** Breaks the look off; the plan is of no use then. */
  signal?: AbortSignal
}

const PROGRESS_EVERY = 2_000

/** Plans over all queues the filter can mean; `registryAway`: values could not be read. */
export async function planReplay(dlqs: Dlq[], filter: Filter, planning: Planning): Promise<{ plans: QueuePlan[]; registryAway: boolean }> {
  const decode = patientDecode(planning, filter)
  const bounds = new Map<Dlq, Map<number, Bounds>>()
  for (const dlq of dlqs.filter((each) => meansQueue(filter, each))) bounds.set(dlq, await planning.letters.bounds(dlq))
  const total = [...bounds.values()].flatMap((each) => [...each.values()]).reduce((sum, b) => sum + Number(b.highWatermark - b.logStart), 0)
  let done = 0
  const plans: QueuePlan[] = []
  for (const [dlq, partitions] of bounds) {
    const plan = emptyPlan(dlq, new Map([...partitions].map(([partition, { highWatermark }]) => [partition, highWatermark])))
    const { final, unknown } = queueOf(planning.ledger, dlq.name)
    for await (const letter of planning.letters.read(dlq, kept(partitions))) {
      planning.signal?.throwIfAborted()
      done += 1
      if (done % PROGRESS_EVERY === 0) planning.onProgress?.(done, total)
      if (hasPosition(final, letter.partition, letter.offset)) plan.settled += 1
      else if (!(await isMeant(filter, letter, plan, decode.value))) plan.others += 1
      else await take(plan, letter, unknown, decode.value)
    }
    plans.push(plan)
  }
  return { plans, registryAway: decode.away() }
}

const kept = (partitions: Map<number, Bounds>): Range[] =>
  [...partitions].map(([partition, { logStart, highWatermark }]) => ({ partition, from: logStart, next: highWatermark }))

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

/** The same letters have the same plan id, whoever plans. */
export function planIdOf(plans: QueuePlan[]): string {
  const hash = createHash('sha256')
  for (const { dlq, selection } of plans) {
    for (const { partition, from, next } of positionRanges(selection)) hash.update(`${dlq.name} ${partition} ${from} ${next}\n`)
  }
  return hash.digest('hex').slice(0, 10)
}
