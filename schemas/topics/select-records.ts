// Which records of a topic `make tail` shows: the newest, or those from a place on; of one key, if asked.
import { type Range, readRanges } from '@tally/platform/records/read-ranges'
import type { LogRecord, RecordLog } from '@tally/platform/records/record-log'

/** Where to begin: the log's start, an epoch time in milliseconds, or an offset of one or of every partition. */
export type From = { start: true } | { timeMs: number } | { offset: bigint; partition: number | undefined }

export type Selection = {
  topic: string
  /** Undefined: the newest `count`. */
  from: From | undefined
  count: number
  key: string | undefined
}

/** Up to the topic's present end; in order within each partition, the newest ones in order of time. */
export async function* selectRecords(log: RecordLog, { topic, from, count, key }: Selection): AsyncGenerator<LogRecord> {
  const bounds = await log.bounds(topic)
  const newest = from === undefined && key === undefined
  const ranges: Range[] = [...bounds].flatMap(([partition, { logStart, highWatermark: next }]) => {
    if (from && 'offset' in from) {
      return from.partition === undefined || from.partition === partition ? [{ partition, from: from.offset, next }] : []
    }
    const begin = newest ? next - BigInt(count) : logStart
    return [{ partition, from: begin > logStart ? begin : logStart, next }]
  })
  const afterMs = from && 'timeMs' in from ? from.timeMs : Number.NEGATIVE_INFINITY
  const wanted = (record: LogRecord) => record.timestamp >= afterMs && (key === undefined || String(record.key) === key)
  if (from === undefined) {
    yield* await newestOf(readRanges(log, topic, ranges), wanted, count)
    return
  }
  let shown = 0
  for await (const record of readRanges(log, topic, ranges)) {
    if (!wanted(record)) continue
    if (shown >= count) return
    shown += 1
    yield record
  }
}

async function newestOf(records: AsyncIterable<LogRecord>, wanted: (record: LogRecord) => boolean, count: number): Promise<LogRecord[]> {
  const kept: LogRecord[] = []
  for await (const record of records) {
    if (!wanted(record)) continue
    kept.push(record)
    if (kept.length > 10 * count + 1_000) trim(kept, count)
  }
  return trim(kept, count)
}

/** The newest, in order of time; a partition's own order stays. */
function trim(records: LogRecord[], count: number): LogRecord[] {
  records.sort((a, b) => a.timestamp - b.timestamp || a.partition - b.partition || Number(a.offset - b.offset))
  records.splice(0, Math.max(0, records.length - count))
  return records
}
