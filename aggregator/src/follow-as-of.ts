// Follows the heartbeats: what they confirm becomes asOf once everything that lay in the topic then is counted.
import type { Log } from '@tally/platform/log'
import type { LogConsumer, RecordLog } from '@tally/platform/record-log'
import { AGGREGATOR, HEARTBEATS, ORDER_EVENTS } from '@tally/schemas/topics'
import { confirmations, readHeartbeat, type Target } from './as-of.ts'

/** Heartbeats are read from a little before the end: older ones say nothing that the next ones do not. */
const LOOK_BACK = 10n

type Options = {
  recordLog: RecordLog
  log: Log
  aimAt(target: Target): void
}

/** Starts following. Heartbeats that cannot be read, or come while the broker does not answer, are passed over: the next one says more. */
export async function followAsOf({ recordLog, log, aimAt }: Options): Promise<LogConsumer> {
  const confirm = confirmations()
  const next = new Map<number, bigint>()
  for (const [partition, { logStart, highWatermark }] of await recordLog.bounds(HEARTBEATS))
    next.set(partition, highWatermark - LOOK_BACK > logStart ? highWatermark - LOOK_BACK : logStart)
  let confirmed: bigint | undefined

  return recordLog.subscribe({
    topics: [HEARTBEATS],
    group: `${AGGREGATOR}-as-of`,
    startAt: (_topic, partition) => next.get(partition),
    async onBatch({ partition, records }) {
      for (const record of records) {
        next.set(partition, record.offset + 1n)
        const heartbeat = readHeartbeat(record.value)
        if (heartbeat === undefined) log.warn({ topic: record.topic, offset: String(record.offset) }, 'not a heartbeat: passed over')
        else confirmed = later(confirmed, confirm(heartbeat))
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
}

const later = (a: bigint | undefined, b: bigint | undefined) => (a === undefined || (b !== undefined && b > a) ? b : a)

/** Asked after the confirmation was seen: everything it speaks of lies before these ends. */
async function endsOf(recordLog: RecordLog): Promise<Map<number, bigint>> {
  const bounds = await recordLog.bounds(ORDER_EVENTS)
  return new Map([...bounds].map(([partition, { highWatermark }]) => [partition, highWatermark]))
}
