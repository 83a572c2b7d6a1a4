// One partition of the log in memory.
import type { LogRecord } from '#records/record-log'

/** `end`: the offset behind the last record; `openFrom`: first offsets of transactions that are open. */
export type MemoryPartition = { logStart: bigint; end: bigint; records: LogRecord[]; openFrom: Set<bigint> }

/** The offset before which all can be read. */
export function lastStableOf({ end, openFrom }: MemoryPartition): bigint {
  let lastStable = end
  for (const from of openFrom) if (from < lastStable) lastStable = from
  return lastStable
}
