// Where consuming is in each partition. A position that the log no longer has means lost records or another log: never read on silently.
import { StopProcess } from '#process/errors'
import type { Bounds, RecordBatch, RecordLog } from '#records/record-log'
import type { Handler } from './handler.ts'
import { nameOf, type Partition, type Partitions, type Place } from './partition.ts'

/** sysexits' EX_DATAERR: the store and the log do not belong together any more. */
export const EXIT_OUT_OF_RANGE = 65

export type Positions = {
  /** Asked with every assignment; then the check must pass before the next batch is worked on. */
  startAt(topic: string, partition: number): bigint | undefined
  /** Begins a check of all positions against the log. */
  recheck(): void
  /** Whether the batch begins where the partition is, or behind offsets that compaction took. @throws StopProcess, Unavailable */
  check(partition: Partition, batch: RecordBatch): Promise<void>
  /** @throws StopProcess when the position is not within the bounds */
  within(partition: Partition, bounds: Bounds): void
}

type Options<T> = { recordLog: RecordLog; topics: string[]; group: string; handler: Handler<T>; partitions: Partitions }

/** Compares the handler's stored positions with the log now and after each assignment. @throws StopProcess, Unavailable */
export async function positionsOf<T>({ recordLog, topics, group, handler, partitions }: Options<T>): Promise<Positions> {
  function within(place: Place, stored: bigint | undefined, { logStart, highWatermark }: Bounds): void {
    if (stored === undefined || (stored >= logStart && stored <= highWatermark)) return
    throw new StopProcess(outOfRange(group, nameOf(place), stored, logStart, highWatermark), EXIT_OUT_OF_RANGE)
  }

  async function checkAll(): Promise<void> {
    for (const topic of topics) {
      const known = [...(await recordLog.bounds(topic)).keys()]
      // Read before the bounds they are compared with: both may grow meanwhile.
      const stored = new Map(known.map((partition) => [partition, handler.startAt?.(topic, partition)]))
      for (const [partition, bounds] of await recordLog.bounds(topic)) {
        partitions.of({ topic, partition }).logStart = bounds.logStart
        within({ topic, partition }, stored.get(partition), bounds)
      }
    }
  }

  await checkAll()
  let checking = Promise.resolve()
  return {
    startAt(topic, partition) {
      const of = partitions.of({ topic, partition })
      of.position = handler.startAt && (handler.startAt(topic, partition) ?? of.logStart)
      return of.position
    },
    recheck() {
      checking = checkAll()
      checking.catch(() => {})
    },
    async check(partition, { topic, from: first }) {
      // A check that could not be made is made again with the redelivered batch.
      await checking.catch(() => {
        checking = checkAll()
        return checking
      })
      const { position } = partition
      // Clients start over at one end of the log when the broker no longer has a position.
      if (position !== undefined && first !== position) {
        const unknown = { logStart: first, highWatermark: first, lastStable: first }
        const bounds = (await recordLog.bounds(topic)).get(partition.partition) ?? unknown
        within(partition, position, first < position ? { ...bounds, highWatermark: first } : bounds)
      }
      partition.position ??= first
    },
    within: (partition, bounds) => within(partition, partition.position, bounds),
  }
}

function outOfRange(group: string, where: string, stored: bigint, logStart: bigint, highWatermark: bigint): string {
  const why =
    stored < logStart
      ? `records ${stored} to ${logStart - 1n} were deleted before they were read`
      : 'the log is shorter than what was read of it: it was deleted or replaced'
  return `${group}: the stored next offset ${stored} of ${where} is outside the log [${logStart}, ${highWatermark}]: ${why}. Nothing was changed. Restore the topic or an older copy of the file; to count again from what the topic still has, move the file away and start.`
}
