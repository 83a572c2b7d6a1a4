// Looks after the counts file beside the counting: keeps the past for so long, folds old minutes, writes the WAL into the file.
import type { Clock } from '@tally/platform/process/clock'
import type { Log } from '@tally/platform/process/log'
import { inPasses, type Passes } from '@tally/platform/process/passes'
import { hourOf } from '#count/bucket'
import type { CountOrders } from '#count/count-orders'

/** Every method works beside the writer and touches nothing that it writes. */
export type Tending = {
  /** Keeps asOf as it stands as an instant that can be asked for; forgets those before `oldest`. Times in epoch microseconds. */
  keepAsOf(oldest: bigint): Promise<void>
  /** How far to fold next, at most to `to`: whole hours with about `rows` buckets, at least one hour. */
  foldable(from: number, to: number, rows: number): Promise<number>
  /** Sums up what was added to buckets, once it is much. */
  absorb(): Promise<void>
  checkpoint(): Promise<void>
}

type Options = {
  tending: Tending
  counting: Pick<CountOrders, 'state' | 'fold'>
  historyMs: number
  minuteRetentionMs: number
  clock: Clock
  log: Log
}

const MINUTE_MICROS = 60_000_000n
/** One step holds up counting for tens of milliseconds. */
const FOLD_ROWS = 5_000
const CHECKPOINT_MS = 300_000

/** Passes after each `wake`; asOf is kept once a minute of it, so that the past costs what changed by the minute. */
export function tendCounts({ tending, counting, historyMs, minuteRetentionMs, clock, log }: Options): Passes {
  let keptMinute: bigint | undefined
  let checkpointedMs = clock.now()

  async function pass(stopping: AbortSignal): Promise<void> {
    const { asOf } = counting.state()
    await tending.absorb()
    if (asOf !== null && asOf / MINUTE_MICROS !== keptMinute) {
      await tending.keepAsOf(asOf - BigInt(historyMs) * 1000n)
      keptMinute = asOf / MINUTE_MICROS
    }
    // By the earlier of two clocks: minutes that were folded for a clock that ran ahead for a moment never come back.
    const nowMs = asOf === null ? 0 : Math.min(Number(asOf / 1000n), clock.now())
    const horizon = hourOf(Math.floor((nowMs - minuteRetentionMs) / 60_000))
    for (let { foldedBelow } = counting.state(); foldedBelow < horizon && !stopping.aborted; foldedBelow = counting.state().foldedBelow) {
      await counting.fold(await tending.foldable(foldedBelow, horizon, FOLD_ROWS))
    }
    if (Math.abs(clock.now() - checkpointedMs) < CHECKPOINT_MS) return
    await tending.checkpoint()
    checkpointedMs = clock.now()
  }

  return inPasses({
    pass,
    restFactor: 9,
    maxRestMs: 10_000,
    whenUnavailable: 'the counts file cannot be looked after right now; it is tried again',
    clock,
    log,
  })
}
