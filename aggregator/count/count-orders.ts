// Counts orders: the slices that wait share one transaction with their event ids, their positions and asOf.

import type { Handler } from '@tally/platform/loop/handler'
import { type Clock, wait } from '@tally/platform/process/clock'
import { StopProcess, Unavailable } from '@tally/platform/process/errors'
import { groupCommit } from '@tally/platform/process/group-commit'
import { firstTsidAt } from '@tally/platform/process/ids'
import { reached, type Target } from '#as-of/as-of'
import type { OrderEvent } from './order-event.ts'
import { idsOf, type Known, type OrderSlice, type Settlement, settle } from './settle-slices.ts'
import { awaitsCompany, fitting, isBehind, isSlice, type Replace, type Waiting } from './waiting-slices.ts'

/** What the store holds beside the counts. Times in epoch microseconds. */
export type CountsState = {
  positions: ReadonlyMap<number, bigint>
  asOf: bigint | null
  /** Revision of the last change of any bucket. */
  revision: bigint
  /** Event ids below this one may have been forgotten. */
  forgottenBelow: bigint
  /** Minutes below this one are folded into the first minute of their hour; a whole hour. */
  foldedBelow: number
}

export type Change = Settlement & Omit<CountsState, 'positions'> & { countedAtMs: number; publishedUpTo: bigint }

export type CountsTransaction = {
  known(eventIds: readonly bigint[]): Promise<Known>
  save(change: Change): Promise<void>
}

export type Counts = {
  /** As it was when the file was opened. */
  readonly state: CountsState
  /** Runs `work` in one transaction: all of it happens or nothing. @throws Unavailable | StopProcess, and whatever `work` throws */
  transaction<T>(work: (transaction: CountsTransaction) => Promise<T>): Promise<T>
}

type Options = {
  counts: Counts
  decode: Handler<OrderEvent>['decode']
  clock: Clock
  dedupWindowMs: number
  /** Longest rest between the fetches of a partition that is caught up, and so between small transactions. */
  flushIntervalMs: number
  /** What fails when no slice waits, so that no handler hears of it. */
  onFault(error: unknown): void
  onFlushed?(change: Change, outcomes: Settlement['outcomes'], seconds: number): void
}

export type CountOrders = Omit<Handler<OrderEvent>, 'startAt'> & {
  startAt(topic: string, partition: number): bigint
  /** asOf becomes the target's in the transaction in which the positions pass its ends. Targets come in order of time. */
  aimAt(target: Target): void
  /** Buckets up to this revision are acknowledged; forgotten as dirty with the next transaction. */
  published(upTo: bigint): void
  /** Folds the minutes below this one into hours, in a transaction of its own or the next one. */
  fold(below: number): Promise<void>
  /** Nothing is counted while this runs; the counts then stand as it says. It is given the revision of what it changes. */
  replace(work: Replace<CountsState>): Promise<void>
  state(): CountsState
  /** Whether so much waits in the log that what is counted now changes again soon. */
  isBehind(): boolean
  /** Resolves when no transaction is under way and none is waiting. */
  drained(): Promise<void>
}

/** From the start of one small transaction to the next, in times it took: half of the time at most. Quick ones need not wait for the whole interval. */
const REST_FACTOR = 2

export function countOrders({ counts, clock, dedupWindowMs, ...options }: Options): CountOrders {
  let state = counts.state
  /** The target to be reached next and, while it is not, the newest behind it. */
  let targets: Target[] = []
  let publishedUpTo = 0n
  let foldBelow = counts.state.foldedBelow

  /** A partition without a position was added since the file was begun. */
  const nextOffset = (positions: ReadonlyMap<number, bigint>) => (partition: number) => positions.get(partition) ?? 0n
  const passed = (positions: ReadonlyMap<number, bigint>) => (target: Target) => reached(target.ends, nextOffset(positions))

  async function flush(slices: readonly OrderSlice[]): Promise<Settlement['outcomes']> {
    const started = clock.now()
    const cleared = publishedUpTo
    const folds = foldBelow > state.foldedBelow
    if (slices.length === 0 && cleared === 0n && !folds && !targets.some(passed(state.positions))) return []
    const change = await counts.transaction(async (transaction) => {
      const known = await transaction.known(idsOf(slices))
      const settlement = settle(
        slices,
        { nextOffset: nextOffset(state.positions), oldestId: state.forgottenBelow, foldedBelow: state.foldedBelow },
        known,
      )
      const change = { ...settlement, ...advance(settlement, started), countedAtMs: started, publishedUpTo: cleared }
      await transaction.save(change)
      return change
    })
    const { asOf, revision, forgottenBelow, foldedBelow } = change
    state = { asOf, revision, forgottenBelow, foldedBelow, positions: new Map([...state.positions, ...change.positions]) }
    targets = targets.filter((target) => asOf === null || target.asOf > asOf)
    if (publishedUpTo === cleared) publishedUpTo = 0n
    options.onFlushed?.(change, change.outcomes, (clock.now() - started) / 1000)
    return change.outcomes
  }

  function advance({ cells, positions }: Settlement, nowMs: number) {
    const latest = targets.findLast(passed(new Map([...state.positions, ...positions])))?.asOf ?? null
    const asOf = state.asOf === null || (latest !== null && latest > state.asOf) ? latest : state.asOf
    const revision = cells.length > 0 || foldBelow > state.foldedBelow ? revisionAfter(state.revision, nowMs) : state.revision
    // By the earlier of two clocks: what one of them says wrongly for a moment must not make ids forgotten.
    const windowStart = asOf === null ? 0n : firstTsidAt(Math.min(Number(asOf / 1000n), nowMs) - dedupWindowMs)
    const forgottenBelow = windowStart > state.forgottenBelow ? windowStart : state.forgottenBelow
    return { asOf, revision, forgottenBelow, foldedBelow: foldBelow }
  }

  const lags = new Map<number, bigint>()
  let lastFlushMs = Number.NEGATIVE_INFINITY
  let restMs = options.flushIntervalMs
  /** What is left of a rest since the last flush; never more than the whole, should the clock step back. */
  const leftOf = (restMs: number) => Math.min(restMs, lastFlushMs + restMs - clock.now())
  /** Slices that wait, and wishes for a flush without any. */
  const queue = groupCommit<Waiting<CountsState>, void>({
    maxItems: 100,
    take: fitting,
    maxWaiting: Number.POSITIVE_INFINITY,
    maxInFlight: 1,
    delayMs(waiting) {
      // Wishes alone leave room for the slices of the next fetch, which take them along.
      if (waiting.every((item) => item === 'wake')) return leftOf(2 * options.flushIntervalMs)
      return awaitsCompany(waiting, lags) ? options.flushIntervalMs : 0
    },
    async flush(waiting) {
      const slices = waiting.filter(isSlice)
      const began = clock.now()
      if (slices.length > 0) lastFlushMs = began
      const outcomes = await flushOrSplit(slices)
      if (slices.length > 0) restMs = Math.min(options.flushIntervalMs, Math.max(0, clock.now() - began) * REST_FACTOR)
      const results: (Error | undefined)[] = []
      for (const item of waiting)
        results.push(isSlice(item) ? outcomes.shift() : item === 'wake' ? undefined : await replaced(item).catch(asError))
      return results
    },
  })

  /** One bad slice must not fail its neighbours, nor what comes without any: what fails together is tried alone. */
  async function flushOrSplit(slices: readonly OrderSlice[]): Promise<(Error | undefined)[]> {
    try {
      return await flush(slices)
    } catch (error) {
      if (slices.length === 0 || error instanceof Unavailable || error instanceof StopProcess) throw error
      const outcomes: (Error | undefined)[] = await flush([])
      for (const slice of slices) outcomes.push(await flush([slice]).then(([outcome]) => outcome, asError))
      return outcomes
    }
  }

  async function replaced(work: Replace<CountsState>): Promise<undefined> {
    state = await work(state, revisionAfter(state.revision, clock.now()))
  }

  const wake = () => {
    // Whoever is away will be asked again with the next slice or heartbeat.
    queue.submit('wake').catch((error) => error instanceof Unavailable || options.onFault(error))
  }

  return {
    decode: options.decode,
    async handle(slice) {
      await queue.submit(slice)
      lags.set(slice.partition, slice.highWatermark - slice.next)
      // What is placed meanwhile waits in the log rather than in hand: the next fetch takes all of it, and it counts at once.
      if (slice.next >= slice.highWatermark) await wait(leftOf(restMs))
    },
    startAt: (_topic, partition) => nextOffset(state.positions)(partition),
    aimAt(target) {
      targets = [targets[0] ?? target, ...(targets.length > 0 ? [target] : [])]
      wake()
    },
    published(upTo) {
      publishedUpTo = upTo
      wake()
    },
    fold(below) {
      foldBelow = Math.max(below, foldBelow)
      return queue.submit('wake')
    },
    replace: queue.submit,
    state: () => state,
    isBehind: () => lags.values().some(isBehind),
    drained: queue.drained,
  }
}

/** Revisions are times, so that counting again from an older file still outgrows what was published before. */
function revisionAfter(before: bigint, nowMs: number): bigint {
  const now = BigInt(nowMs) * 1000n
  return now > before ? now : before + 1n
}

const asError = (error: unknown) => (error instanceof Error ? error : new Error(String(error), { cause: error }))
