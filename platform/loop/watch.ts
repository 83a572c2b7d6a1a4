// Looks at the log from beside the loop: lag while nothing moves, a log that is unavailable, a client that fetches nothing.
import type { Clock } from '#process/clock'
import { messageOf, StopProcess } from '#process/errors'
import type { Log } from '#process/log'
import type { Bounds, RecordLog } from '#records/record-log'
import type { ConsumeMetrics } from './metrics.ts'
import { nameOf, type Partition, type Partitions } from './partition.ts'
import type { Policy } from './policy.ts'
import type { Positions } from './positions.ts'

type Options = {
  recordLog: RecordLog
  topics: string[]
  clock: Clock
  log: Log
  metrics: ConsumeMetrics
  policy: Policy
  partitions: Partitions
  positions: Positions
  /** Whether the group was ever joined. */
  joined(): boolean
  /** A position left the log, or nothing moves. */
  onFault(error: StopProcess): void
}

export type Watch = {
  /** Why the log does not answer, if it does not. */
  unavailable(): string | undefined
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
  const { recordLog, topics, clock, log, metrics, policy, partitions, positions, joined, onFault } = options
  // Looks are counted rather than time: a process that was suspended has not stalled.
  const secondsOf = (looks: number) => (looks * policy.watchEveryMs) / 1_000
  let looksUnjoined = 0
  let heldBack: string | undefined
  let unavailable: string | undefined
  let stalled: string | undefined
  let closed = false
  let timer = setTimeout(look, policy.watchEveryMs)

  async function look(): Promise<void> {
    try {
      const bounds = new Map<string, Map<number, Bounds>>()
      for (const topic of topics) bounds.set(topic, await recordLog.bounds(topic))
      if (closed) return
      if (unavailable) log.info('the log answers again')
      unavailable = undefined
      stalled = hanging() ?? judge(bounds)
    } catch (error) {
      if (error instanceof StopProcess) return onFault(error)
      const why = messageOf(error)
      if (!unavailable && !closed) log.warn({ reason: why }, 'the log does not answer')
      unavailable = why
    }
    stalled ??= hanging()
    if (stalled) onFault(new StopProcess(`${stalled}. Nothing is lost: a new process goes on from what was committed.`, EXIT_STALLED))
    else if (!closed) timer = setTimeout(look, policy.watchEveryMs)
  }

  /** A batch that has been in hand for too long without settling anything. */
  function hanging(): string | undefined {
    for (const partition of partitions.all()) {
      const forMs = clock.now() - partition.activeAt
      if (partition.inHand && forMs > policy.hangingAfterMs)
        return `${nameOf(partition)} has had a batch in hand for ${Math.round(forMs / 1_000)} s without settling anything`
    }
    return undefined
  }

  function judge(bounds: Map<string, Map<number, Bounds>>): string | undefined {
    looksUnjoined = joined() ? 0 : looksUnjoined + 1
    let verdict = secondsOf(looksUnjoined) * 1_000 >= policy.stallTimeoutMs && !joined() ? 'the group could not be joined' : undefined
    heldBack = undefined
    for (const partition of partitions.ours()) {
      const ends = bounds.get(partition.topic)?.get(partition.partition)
      if (ends === undefined || partition.position === undefined) continue
      const lag = lagOf(partition, partition.position, ends)
      heldBack ??= holding(partition, partition.position, ends)
      verdict ??= stalling(partition, lag)
    }
    return verdict
  }

  function lagOf(partition: Partition, position: bigint, ends: Bounds): number {
    const labels = labelsOf(partition)
    // While a batch is in hand or put off, the position is checked with its settling.
    if (isIdle(partition)) positions.within(partition, ends)
    const lag = Number(ends.highWatermark - position)
    const { lastTimestamp } = partition
    metrics.lag.set(labels, Math.max(0, lag))
    if (lag <= 0) metrics.lagSeconds.set(labels, 0)
    else if (lastTimestamp !== undefined) metrics.lagSeconds.set(labels, Math.max(0, clock.now() - lastTimestamp) / 1_000)
    return lag
  }

  /** Kafka hands out nothing from the first record of an open transaction on, whoever its producer is. */
  function holding(partition: Partition, position: bigint, { lastStable: at, highWatermark }: Bounds): string | undefined {
    const isHeld = position >= at && position < highWatermark
    const looks = partition.heldBack?.at === at ? partition.heldBack.looks + 1 : 0
    partition.heldBack = isHeld ? { at, looks } : undefined
    const seconds = isHeld ? secondsOf(looks) : 0
    metrics.heldBack.set(labelsOf(partition), seconds)
    if (seconds * 1_000 < policy.heldBackAfterMs) return undefined
    return `${nameOf(partition)}: a transaction of some producer has been open for ${seconds} s or longer, and Kafka hands out none of the ${highWatermark - position} records from offset ${at} on until it ends`
  }

  function stalling(partition: Partition, lag: number): string | undefined {
    // A client may fetch nothing for any partition while one of them is in hand.
    const isBusy = partitions.all().some(({ inHand }) => inHand)
    const isQuiet = lag > 0 && partition.heldBack === undefined && partition.waiting === undefined && !isBusy && isIdle(partition)
    partition.quietLooks = isQuiet ? partition.quietLooks + 1 : 0
    const seconds = secondsOf(partition.quietLooks)
    metrics.stalled.set(labelsOf(partition), seconds)
    if (!isQuiet || seconds * 1_000 < policy.stallTimeoutMs) return undefined
    return `the consumer has stalled: lag ${lag} in ${nameOf(partition)}, and no record was received for ${seconds} s`
  }

  /** Whether no batch came for longer than from one look to the next. */
  const isIdle = ({ inHand, activeAt }: Partition) => !inHand && clock.now() - activeAt > policy.watchEveryMs

  return {
    unavailable: () => unavailable,
    heldBack: () => heldBack,
    stalled: () => stalled,
    close() {
      closed = true
      clearTimeout(timer)
    },
  }
}

const labelsOf = ({ topic, partition }: Partition) => ({ topic, partition })
