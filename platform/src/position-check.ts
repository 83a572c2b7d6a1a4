// A stored position outside the log means that records are lost or that the log is another one: never read on silently.
import type { Handler } from './consume.ts'
import { StopProcess } from './errors.ts'
import type { RecordLog } from './record-log.ts'

/** sysexits' EX_DATAERR: the store and the log do not belong together any more. */
export const EXIT_OUT_OF_RANGE = 65

export type PositionCheck = {
  startAt(topic: string, partition: number): bigint | undefined
  /** Checks again after a rebalance; `checked` waits for it. */
  assigned(): void
  /** @throws StopProcess when a stored position is out of range */
  checked(): Promise<void>
}

/** Compares the handler's stored positions with the log now and after each rebalance. @throws StopProcess, Unavailable */
export async function positionCheck<T>(recordLog: RecordLog, topics: string[], group: string, handler: Handler<T>): Promise<PositionCheck> {
  const logStarts = new Map<string, bigint>()

  async function check(): Promise<void> {
    for (const topic of topics) {
      for (const [partition, { logStart, highWatermark }] of await recordLog.bounds(topic)) {
        logStarts.set(`${topic}/${partition}`, logStart)
        const stored = handler.startAt?.(topic, partition)
        if (stored === undefined || (stored >= logStart && stored <= highWatermark)) continue
        throw new StopProcess(outOfRange(group, `${topic}/${partition}`, stored, logStart, highWatermark), EXIT_OUT_OF_RANGE)
      }
    }
  }

  if (!handler.startAt) return { startAt: () => undefined, assigned: () => {}, checked: async () => {} }
  await check()
  let checking = Promise.resolve()
  return {
    startAt: (topic, partition) => handler.startAt?.(topic, partition) ?? logStarts.get(`${topic}/${partition}`),
    assigned() {
      checking = check()
      checking.catch(() => {})
    },
    checked: () => checking,
  }
}

function outOfRange(group: string, where: string, stored: bigint, logStart: bigint, highWatermark: bigint): string {
  const why =
    stored < logStart
      ? `records ${stored} to ${logStart - 1n} were deleted before they were read`
      : 'the log is shorter than what was read of it: it was deleted or replaced'
  return `${group}: the stored next offset ${stored} of ${where} is outside the log [${logStart}, ${highWatermark}]: ${why}. Nothing was changed. Restore the topic or an older copy of the file; to count again from what the topic still has, move the file away and start.`
}
