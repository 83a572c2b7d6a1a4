// Follows the heartbeats: what they confirm becomes asOf once everything that lay in the topic then is counted.
import type { Clock } from '@tally/platform/process/clock'
import type { Log } from '@tally/platform/process/log'
import type { LogConsumer, RecordLog } from '@tally/platform/records/record-log'
import { AGGREGATOR, HEARTBEATS, ORDER_EVENTS } from '@tally/schemas/contract/topics'
import { aheadMs, confirmations, type Heartbeat, readHeartbeat, type Target } from './as-of.ts'

/** Heartbeats are read from a little before the end: older ones say nothing that the next ones do not. */
const LOOK_BACK = 10n

type Options = {
  recordLog: RecordLog
  log: Log
  clock: Clock
  aimAt(target: Target): void
  /** By how many milliseconds the newest heartbeat is too far ahead of the own clock; 0: it is believed. */
  onAhead?(ms: number): void
}

export type FollowAsOf = LogConsumer & {
  /** For /readyz: undefined, or why asOf does not move. */
  ready(): string | undefined
}

/** Starts following. Heartbeats that cannot be read, or come while the broker does not answer, are passed over: the next one says more. */
export async function followAsOf({ recordLog, log, clock, aimAt, onAhead }: Options): Promise<FollowAsOf> {
  const confirm = confirmations()
  const next = new Map<number, bigint>()
  for (const [partition, { logStart, highWatermark }] of await recordLog.bounds(HEARTBEATS))
    next.set(partition, highWatermark - LOOK_BACK > logStart ? highWatermark - LOOK_BACK : logStart)
  let confirmed: bigint | undefined
  let ahead = 0

  /** Two clocks differ, and nobody here knows which one is wrong: asOf waits rather than pass orders that are not counted. */
  function believes(heartbeat: Heartbeat): boolean {
    const was = ahead
    ahead = aheadMs(heartbeat, clock.now())
    onAhead?.(ahead)
    if (ahead > 0 && was === 0)
      log.error({ aheadSeconds: ahead / 1_000 }, `${CLOCKS_DIFFER}. Counting goes on. Correct the clock that is wrong (NTP).`)
    if (ahead === 0 && was > 0) log.info('the clock of the database is no longer ahead: asOf moves again')
    return ahead === 0
  }

  const consumer = await recordLog.subscribe({
    topics: [HEARTBEATS],
    group: `${AGGREGATOR}-as-of`,
    startAt: (_topic, partition) => next.get(partition),
    async onBatch({ partition, records, next: behind }) {
      next.set(partition, behind)
      for (const record of records) {
        const heartbeat = readHeartbeat(record.value)
        if (heartbeat === undefined) log.warn({ topic: record.topic, offset: String(record.offset) }, 'not a heartbeat: passed over')
        else confirmed = later(confirmed, confirm(heartbeat, believes(heartbeat)))
      }
      if (confirmed === undefined) return
      try {
        aimAt({ asOf: confirmed, ends: await endsOf(recordLog) })
        confirmed = undefined
      } catch (error) {
        log.warn({ err: error }, 'the ends of order-events are not known; asOf waits for the next heartbeat')
      }
    },
  })
  return { ...consumer, ready: () => (ahead > 0 ? `${CLOCKS_DIFFER} (${Math.round(ahead / 1_000)} s ahead)` : undefined) }
}

const CLOCKS_DIFFER =
  'the clock of the database is ahead of the clock of this host: its heartbeats are not believed, and asOf does not move'

const later = (a: bigint | undefined, b: bigint | undefined) => (a === undefined || (b !== undefined && b > a) ? b : a)

/** Asked after the confirmation was seen: everything it speaks of lies before these ends. */
async function endsOf(recordLog: RecordLog): Promise<Map<number, bigint>> {
  const bounds = await recordLog.bounds(ORDER_EVENTS)
  return new Map([...bounds].map(([partition, { highWatermark }]) => [partition, highWatermark]))
}
