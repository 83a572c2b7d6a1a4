// Bounded reads of a topic: the records of given ranges, as a stream that never holds more than a few batches.
import { randomUUID } from 'node:crypto'
import type { LogConsumer, LogRecord, RecordBatch, RecordLog } from './record-log.ts'

/** Offsets [from, next) of one partition. */
export type Range = { partition: number; from: bigint; next: bigint }

/** Ranges closer than this are read through rather than sought to. */
const NEAR = 1_000n

/** The records of the ranges that are kept and can be read now, in order within each partition. */
export async function* readRanges(log: RecordLog, topic: string, ranges: Range[]): AsyncGenerator<LogRecord> {
  for await (const records of readBatches(log, topic, ranges)) yield* records
}

/** The same, as they come: waiting for each record of millions takes longer than reading it. */
export async function* readBatches(log: RecordLog, topic: string, ranges: Range[]): AsyncGenerator<LogRecord[]> {
  const bounds = await log.bounds(topic)
  const kept = ranges.flatMap(({ partition, from, next }) => {
    const { logStart, lastStable } = bounds.get(partition) ?? { logStart: 0n, lastStable: 0n }
    const range = { partition, from: from > logStart ? from : logStart, next: next < lastStable ? next : lastStable }
    return range.from < range.next ? [range] : []
  })
  if (kept.length === 0) return
  // The next range is the last one: taking the first out of 100 000 moves all others.
  const wanted = Map.groupBy(
    kept.sort((a, b) => Number(b.from - a.from)),
    ({ partition }) => partition,
  )
  const batches = channel<LogRecord[]>()
  const partitions = new Set(wanted.keys())
  /** Where a partition is read on from when the group has to be joined again. */
  const reached = new Map<number, bigint>()
  const starting = Promise.withResolvers<LogConsumer>()

  async function onBatch({ partition, records, next }: RecordBatch): Promise<void> {
    const left = wanted.get(partition) ?? []
    const consumer = await starting.promise
    const found: LogRecord[] = []
    const nextBehind = (offset: bigint) => {
      while ((left.at(-1)?.next ?? offset + 1n) <= offset) left.pop()
      return left.at(-1)
    }
    for (const record of records) {
      if (record.offset < (reached.get(partition) ?? 0n)) continue
      const range = nextBehind(record.offset)
      if (range && range.from <= record.offset) found.push(record)
    }
    if (next > (reached.get(partition) ?? 0n)) reached.set(partition, next)
    const range = nextBehind(next)
    if (found.length > 0) await batches.put(found)
    if (range === undefined) {
      consumer.pause(topic, partition)
      partitions.delete(partition)
      if (partitions.size === 0) batches.end()
    } else if (range.from > next + NEAR) {
      consumer.seek(topic, partition, range.from)
    }
  }

  const consumer = await log.subscribe({
    topics: [topic],
    group: `${topic}-read-${randomUUID()}`,
    temporary: true,
    startAt: (_, partition) => reached.get(partition) ?? wanted.get(partition)?.at(-1)?.from ?? bounds.get(partition)?.highWatermark,
    onBatch,
  })
  starting.resolve(consumer)
  consumer.ended.catch((error: unknown) => batches.end(error))
  try {
    yield* batches.all()
  } finally {
    batches.close()
    await consumer.stop()
  }
}

/** One batch waits while another is worked on. */
function channel<T>() {
  const waiting: { item: T; taken(): void }[] = []
  let wake = () => {}
  let state: 'open' | 'ended' | 'closed' = 'open'
  let fault: unknown
  return {
    put: (item: T) =>
      new Promise<void>((taken) => {
        if (state !== 'open') return taken()
        waiting.push({ item, taken })
        wake()
      }),
    end(error?: unknown) {
      fault ??= error
      state = 'ended'
      wake()
    },
    /** Nobody takes any more. */
    close() {
      state = 'closed'
      for (const { taken } of waiting.splice(0)) taken()
    },
    async *all(): AsyncGenerator<T> {
      for (;;) {
        const next = waiting.shift()
        if (next !== undefined) {
          next.taken()
          yield next.item
        } else if (fault !== undefined) throw fault
        else if (state !== 'open') return
        else await new Promise<void>((resolve) => (wake = resolve))
      }
    },
  }
}
