// Looks at the log from beside the loop: lag while nothing moves, a log that is away, a client that fetches nothing.
import type { Clock } from './clock.ts'
import type { ConsumeMetrics } from './consume-metrics.ts'
import { messageOf, StopProcess } from './errors.ts'
import type { Log } from './log.ts'
import type { Policy } from './policy.ts'
import type { Positions } from './positions.ts'
import type { Bounds, RecordLog } from './record-log.ts'
import type { Turns } from './turns.ts'
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
      // A client may fetch nothing for any partition while one of them is in hand.
      const still = lag > 0 && !waiting.isWaiting(topic, partition) && !turns.busy() && turns.idle(place, policy.watchEveryMs)
      const seconds = lasting(`${topic}/${partition}`, still)
      metrics.stalled.set({ topic, partition }, seconds)
      if (seconds * 1_000 >= policy.stallTimeoutMs)
        verdict ??= `${topic}/${partition}: ${lag} records wait, but none has come for ${seconds} s`
    }
    return verdict
  }

  /** For how many seconds it has been so, as far as was looked. */
  function lasting(key: string, isSo: boolean): number {
    const looks = isSo ? (quiet.get(key) ?? 0) + 1 : 0
    quiet.set(key, looks)
    return (looks * policy.watchEveryMs) / 1_000
  }

  return {
    away: () => away,
    stalled: () => stalled,
    close() {
      closed = true
      clearTimeout(timer)
    },
  }
}
