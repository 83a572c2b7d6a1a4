// Counts orders: the slices that wait share one transaction with their event ids, their positions and asOf.
import type { Clock } from '@tally/platform/clock'
import type { Handler } from '@tally/platform/consume'
import { firstTsidAt } from '@tally/platform/tsid'
import { reached, type Target } from './as-of.ts'
import { flushQueue } from './flush-queue.ts'
import type { OrderEvent } from './order-event.ts'
import { idsOf, type Known, type OrderSlice, type Settlement, settle } from './settle-slices.ts'

/** What the store holds beside the counts. Times in epoch microseconds. */
export type CountsState = {
  positions: ReadonlyMap<number, bigint>
  asOf: bigint | null
  /** Revision of the last change of any bucket. */
  revision: bigint
  /** Event ids below this one may have been forgotten. */
  forgottenBelow: bigint
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
  /** Where partitions without a stored position begin: the file can be rebuilt from the topic, whatever the group has committed. */
  logStarts: ReadonlyMap<number, bigint>
  dedupWindowMs: number
  flushIntervalMs: number
  onFlushed?(change: Change, outcomes: Settlement['outcomes'], seconds: number): void
}

export type CountOrders = Handler<OrderEvent> & {
  startAt(topic: string, partition: number): bigint
  /** asOf becomes the target's in the transaction in which the positions pass its ends. */
  aimAt(target: Target): void
  /** Whether a target is still to be reached. */
  aiming(): boolean
  /** Buckets up to this revision are acknowledged; forgotten as dirty with the next transaction. */
  published(upTo: bigint): void
  state(): CountsState
}

export function countOrders({ counts, clock, logStarts, dedupWindowMs, ...options }: Options): CountOrders {
  let state = counts.state
  let target: Target | undefined
  let publishedUpTo = 0n

  const nextOffset = (positions: ReadonlyMap<number, bigint>) => (partition: number) =>
    positions.get(partition) ?? logStarts.get(partition) ?? 0n
  const passed = (aim: Target | undefined, positions: ReadonlyMap<number, bigint>) =>
    aim !== undefined && reached(aim.ends, nextOffset(positions))

  async function flush(slices: readonly OrderSlice[]): Promise<Settlement['outcomes']> {
    const started = clock.now()
    const [aim, cleared] = [target, publishedUpTo]
    if (slices.length === 0 && cleared === 0n && !passed(aim, state.positions)) return []
    const change = await counts.transaction(async (transaction) => {
      const known = await transaction.known(idsOf(slices))
      const settlement = settle(slices, { nextOffset: nextOffset(state.positions), oldestId: state.forgottenBelow }, known)
      const change = { ...settlement, ...advance(settlement, aim), countedAtMs: started, publishedUpTo: cleared }
      await transaction.save(change)
      return change
    })
    const { asOf, revision, forgottenBelow } = change
    state = { asOf, revision, forgottenBelow, positions: new Map([...state.positions, ...change.positions]) }
    if (target === aim && passed(aim, state.positions)) target = undefined
    if (publishedUpTo === cleared) publishedUpTo = 0n
    options.onFlushed?.(change, change.outcomes, (clock.now() - started) / 1000)
    return change.outcomes
  }

  function advance({ cells, positions }: Settlement, aim: Target | undefined) {
    const isLater = aim !== undefined && (state.asOf === null || aim.asOf > state.asOf)
    const asOf = isLater && passed(aim, new Map([...state.positions, ...positions])) ? aim.asOf : state.asOf
    // Revisions are times, so that counting again from an older file still outgrows what was published before.
    const now = BigInt(clock.now()) * 1000n
    const revision = cells.length === 0 ? state.revision : now > state.revision ? now : state.revision + 1n
    const windowStart = asOf === null ? 0n : firstTsidAt(Number(asOf / 1000n) - dedupWindowMs)
    return { asOf, revision, forgottenBelow: windowStart > state.forgottenBelow ? windowStart : state.forgottenBelow }
  }

  const queue = flushQueue({ flush, intervalMs: options.flushIntervalMs, enough, now: clock.now })

  return {
    decode: options.decode,
    async handle(slice) {
      const outcome = await queue.add(slice)
      if (outcome !== undefined) throw outcome
    },
    startAt: (_topic, partition) => nextOffset(state.positions)(partition),
    aimAt(next) {
      target = next
      queue.wake()
    },
    aiming: () => target !== undefined,
    published(upTo) {
      publishedUpTo = upTo
      queue.wake()
    },
    state: () => state,
  }
}

const ENOUGH_EVENTS = 500

const enough = (slices: readonly OrderSlice[]) => slices.reduce((sum, { messages }) => sum + messages.length, 0) >= ENOUGH_EVENTS
