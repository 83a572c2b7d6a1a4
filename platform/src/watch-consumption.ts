// Looks at the log from beside the loop: lag while nothing moves, a log that is away, a client that fetches nothing.
import type { Clock } from './clock.ts'
import type { ConsumeMetrics } from './consume-metrics.ts'
import { StopProcess } from './errors.ts'
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
  /** A position left the log. */
  onFault(error: StopProcess): void
}

export type Watch = {
  /** Why the log does not answer, if it does not. */
  away(): string | undefined
  /** Why the client is taken for stalled: the log answers, but nothing comes. */
  stalled(): string | undefined
  close(): void
}

/** Looks every `watchEveryMs` until closed. */
export function watchConsumption(options: Options): Watch {
  const { recordLog, topics, clock, log, metrics, policy, positions, turns, waiting, onFault } = options
  const started = clock.now()
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
      stalled = judge(bounds)
    } catch (error) {
      if (error instanceof StopProcess) return onFault(error)
      const why = error instanceof Error ? error.message : String(error)
      if (!away && !closed) log.warn({ reason: why }, 'the log does not answer')
      away = why
    }
    if (!closed) timer = setTimeout(look, policy.watchEveryMs)
  }

  function judge(bounds: Map<string, Map<number, Bounds>>): string | undefined {
    let verdict: string | undefined
    if (!turns.joined() && clock.now() - started > policy.stalledAfterMs) verdict = 'the group could not be joined'
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
      if (lag > 0 && !waiting.isWaiting(topic, partition) && turns.idle(place, policy.stalledAfterMs))
        verdict ??= `${topic}/${partition}: ${lag} records wait, but none has come for ${policy.stalledAfterMs / 1_000} s`
    }
    return verdict
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
