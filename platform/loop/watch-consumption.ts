// Looks at the log from beside the loop: lag while nothing moves, a log that is away, a client that fetches nothing.
import type { Clock } from '#process/clock'
import { messageOf, StopProcess } from '#process/errors'
import type { Log } from '#process/log'
import type { Bounds, RecordLog } from '#records/record-log'
import type { ConsumeMetrics } from './metrics.ts'
import type { Policy } from './policy.ts'
import type { Positions } from './positions.ts'
import type { Place, Turns } from './turns.ts'
import type { WaitingPartitions } from './waiting-partitions.ts'

type Options = {
  recordLog: RecordLog
  topics: string[]
  clock: Clock
  log: Log
  metrics: ConsumeMetrics
  policy: Policy
  positions: Positions
  turns: Turns
  waiting: WaitingPartitions
  /** A position left the log, or nothing moves. */
  onFault(error: StopProcess): void
}

export type Watch = {
  /** Why the log does not answer, if it does not. */
  away(): string | undefined
  /** Which open transaction keeps records from being read, if one has done so for a while. Nothing here can end it. */
  heldBack(): string | undefined
  /** Why nothing moves: the log answers, but nothing comes, or a batch in hand does not end. */
  stalled(): string | undefined
  close(): void
}

/** sysexits' EX_TEMPFAIL: a new process will get further. */
export const EXIT_STALLED = 75

/** Looks every `watchEveryMs` until closed. */
export function watchConsumption(options: Options): Watch {
  const { recordLog, topics, clock, log, metrics, policy, positions, turns, waiting, onFault } = options
  /** How often in a row a partition was seen with records waiting and nothing in hand. Not by the clock: a process that was suspended has not stalled. */
  const quiet = new Map<string, number>()
  /** Last stable offsets at which partitions were held back when last looked at. */
  const heldAt = new Map<string, bigint>()
  let heldBack: string | undefined
  let away: string | undefined
  let stalled: string | undefined
  let closed = false
  let timer = setTimeout(look, policy.watchEveryMs)

  async function look(): Promise<void> {
    try {
      const bounds = new Map<string, Map<number, Bounds>>()
      for (const topic of topics) bounds.set(topic, await recordLog.bounds(topic))
      if (closed) return
      if (away) log.info('the log answers again')
      away = undefined
      stalled = turns.hanging(policy.hangingAfterMs) ?? judge(bounds)
      if (stalled)
        return onFault(new StopProcess(`${stalled}. Nothing is lost: a new process goes on from what was committed.`, EXIT_STALLED))
    } catch (error) {
      if (error instanceof StopProcess) return onFault(error)
      const why = messageOf(error)
      if (!away && !closed) log.warn({ reason: why }, 'the log does not answer')
      away = why
    }
    stalled ??= turns.hanging(policy.hangingAfterMs)
    if (stalled) onFault(new StopProcess(`${stalled}. Nothing is lost: a new process goes on from what was committed.`, EXIT_STALLED))
    else if (!closed) timer = setTimeout(look, policy.watchEveryMs)
  }

  function judge(bounds: Map<string, Map<number, Bounds>>): string | undefined {
    let verdict = turns.joined()
      ? undefined
      : lasting('', true) * 1_000 >= policy.stallTimeoutMs
        ? 'the group could not be joined'
        : undefined
    heldBack = undefined
    for (const place of turns.places()) {
      const { topic, partition } = place
      const nextOffset = positions.next(place)
      const ends = bounds.get(topic)?.get(partition)
      if (ends === undefined || nextOffset === undefined) continue
      // While a batch is in hand or put off, the position is checked with its settling.
      if (turns.idle(place, policy.watchEveryMs)) positions.within(place, ends)
      const lag = Number(ends.highWatermark - nextOffset)
      const lastTimestamp = turns.lastTimestamp(place)
      metrics.lag.set({ topic, partition }, Math.max(0, lag))
      if (lag <= 0) metrics.lagSeconds.set({ topic, partition }, 0)
      else if (lastTimestamp !== undefined) metrics.lagSeconds.set({ topic, partition }, Math.max(0, clock.now() - lastTimestamp) / 1_000)
      const isHeldBack = lag > 0 && nextOffset >= ends.lastStable
      heldBack ??= holding(place, isHeldBack ? ends.lastStable : undefined, lag)
      // A client may fetch nothing for any partition while one of them is in hand.
      const still =
        lag > 0 && !isHeldBack && !waiting.isWaiting(topic, partition) && !turns.busy() && turns.idle(place, policy.watchEveryMs)
      const seconds = lasting(`${topic}/${partition}`, still)
      metrics.stalled.set({ topic, partition }, seconds)
      if (seconds * 1_000 >= policy.stallTimeoutMs)
        verdict ??= `${topic}/${partition}: ${lag} records wait, but none has come for ${seconds} s`
    }
    return verdict
  }

  /** Kafka hands out nothing from the first record of an open transaction on, whoever its producer is. */
  function holding({ topic, partition }: Place, lastStable: bigint | undefined, lag: number): string | undefined {
    const key = `${topic}/${partition}`
    const seconds = lasting(`${key} held back`, lastStable !== undefined && heldAt.get(key) === lastStable)
    if (lastStable === undefined) heldAt.delete(key)
    else heldAt.set(key, lastStable)
    metrics.heldBack.set({ topic, partition }, seconds)
    if (seconds * 1_000 < policy.heldBackAfterMs) return undefined
    return `${key}: a transaction of some producer has been open for ${seconds} s or longer, and Kafka hands out none of the ${lag} records from offset ${lastStable} on until it ends`
  }

  /** For how many seconds it has been so, as far as was looked. */
  function lasting(key: string, isSo: boolean): number {
    const looks = isSo ? (quiet.get(key) ?? 0) + 1 : 0
    quiet.set(key, looks)
    return (looks * policy.watchEveryMs) / 1_000
  }

  return {
    away: () => away,
    heldBack: () => heldBack,
    stalled: () => stalled,
    close() {
      closed = true
      clearTimeout(timer)
    },
  }
}
