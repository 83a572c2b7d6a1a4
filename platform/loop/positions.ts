// Where each partition stands. A position the log no longer has means lost records or another log: never read on silently.

import { StopProcess } from '#process/errors'
import type { Bounds, RecordBatch, RecordLog } from '#records/record-log'
import type { Handler } from './consume.ts'

/** sysexits' EX_DATAERR: the store and the log do not belong together any more. */
export const EXIT_OUT_OF_RANGE = 65

type Place = { topic: string; partition: number }

export type Positions = {
  /** Asked with every assignment; then `check` must pass before the next batch is worked on. */
  startAt(topic: string, partition: number): bigint | undefined
  recheck(): void
  /** Where the batch's range starts: at the position, so that a gap left by compaction belongs to it. @throws StopProcess, Unavailable */
  begin(batch: RecordBatch): Promise<bigint>
  /** The next offset; undefined before the first batch of a partition that starts where the group committed. */
  next(place: Place): bigint | undefined
  moveTo(place: Place, nextOffset: bigint): void
  /** @throws StopProcess when the position is not within the bounds */
  within(place: Place, bounds: Bounds): void
}

/** Compares the handler's stored positions with the log now and after each assignment. @throws StopProcess, Unavailable */
export async function positionsOf<T>(recordLog: RecordLog, topics: string[], group: string, handler: Handler<T>): Promise<Positions> {
  const logStarts = new Map<string, bigint>()
  const positions = new Map<string, bigint>()

  function within(place: Place, stored: bigint | undefined, { logStart, highWatermark }: Bounds): void {
    if (stored === undefined || (stored >= logStart && stored <= highWatermark)) return
    throw new StopProcess(outOfRange(group, keyOf(place), stored, { logStart, highWatermark }), EXIT_OUT_OF_RANGE)
  }

  async function check(): Promise<void> {
    for (const topic of topics) {
      const partitions = [...(await recordLog.bounds(topic)).keys()]
      // Read before the bounds they are compared with: both may grow meanwhile.
      const stored = new Map(partitions.map((partition) => [partition, handler.startAt?.(topic, partition)]))
      for (const [partition, bounds] of await recordLog.bounds(topic)) {
        logStarts.set(keyOf({ topic, partition }), bounds.logStart)
        within({ topic, partition }, stored.get(partition), bounds)
      }
    }
  }

  await check()
  let checking = Promise.resolve()
  return {
    startAt(topic, partition) {
      const key = keyOf({ topic, partition })
      const start = handler.startAt && (handler.startAt(topic, partition) ?? logStarts.get(key))
      if (start === undefined) positions.delete(key)
      else positions.set(key, start)
      return start
    },
    recheck() {
      checking = check()
      checking.catch(() => {})
    },
    async begin({ topic, partition, from: first }) {
      // A check that could not be made is made again with the redelivered batch.
      await checking.catch(() => {
        checking = check()
        return checking
      })
      const position = positions.get(keyOf({ topic, partition }))
      // Clients start over at one end of the log when the broker no longer has a position.
      if (position !== undefined && first !== position) {
        const bounds = (await recordLog.bounds(topic)).get(partition) ?? { logStart: first, highWatermark: first, lastStable: first }
        within({ topic, partition }, position, first < position ? { ...bounds, highWatermark: first } : bounds)
      }
      const from = position ?? first
      positions.set(keyOf({ topic, partition }), from)
      return from
    },
    next: (place) => positions.get(keyOf(place)),
    moveTo: (place, nextOffset) => void positions.set(keyOf(place), nextOffset),
    within: (place, bounds) => within(place, positions.get(keyOf(place)), bounds),
  }
}

const keyOf = ({ topic, partition }: Place) => `${topic}/${partition}`

function outOfRange(
  group: string,
  where: string,
  stored: bigint,
  { logStart, highWatermark }: Pick<Bounds, 'logStart' | 'highWatermark'>,
): string {
  const why =
    stored < logStart
      ? `records ${stored} to ${logStart - 1n} were deleted before they were read`
      : 'the log is shorter than what was read of it: it was deleted or replaced'
  return `${group}: the stored next offset ${stored} of ${where} is outside the log [${logStart}, ${highWatermark}]: ${why}. Nothing was changed. Restore the topic or an older copy of the file; to count again from what the topic still has, move the file away and start.`
}
