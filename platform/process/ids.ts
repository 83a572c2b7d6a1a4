// 64-bit time-sorted ids: 41 bits of milliseconds, 10 bits of node, 12 bits of sequence (Snowflake's layout).
import type { Clock } from './clock.ts'

/** 2024-01-01T00:00:00Z: the ids last until 2093. */
export const TSID_EPOCH_MS = 1_704_067_200_000
export const MAX_NODE = 1023

const SEQUENCE_BITS = 12n
const NODE_BITS = 10n
const MAX_SEQUENCE = (1 << 12) - 1

/** Epoch milliseconds at which the id was minted. */
export function tsidTime(id: bigint): number {
  return Number(id >> (NODE_BITS + SEQUENCE_BITS)) + TSID_EPOCH_MS
}

/** The smallest id of that millisecond: ids of an interval are a range of ids. */
export function firstTsidAt(epochMs: number): bigint {
  return BigInt(Math.max(0, Math.floor(epochMs) - TSID_EPOCH_MS)) << (NODE_BITS + SEQUENCE_BITS)
}

/**
 * Mints strictly growing ids for one node. When the clock steps back, or a millisecond's sequence is used up, time is
 * borrowed from the next millisecond, so an id never repeats and never sorts before an earlier one.
 * @param startAfterMs no id is minted at or before this time: what an earlier holder of the node may have used
 */
export function tsidMint(node: number, clock: Clock, startAfterMs = 0): () => bigint {
  if (!Number.isInteger(node) || node < 0 || node > MAX_NODE) throw new RangeError(`node ${node} is not within 0..${MAX_NODE}`)
  let lastMs = startAfterMs
  let sequence = MAX_SEQUENCE
  return () => {
    const now = clock.now()
    if (now > lastMs) {
      lastMs = now
      sequence = 0
    } else if (sequence < MAX_SEQUENCE) {
      sequence += 1
    } else {
      lastMs += 1
      sequence = 0
    }
    return firstTsidAt(lastMs) | (BigInt(node) << SEQUENCE_BITS) | BigInt(sequence)
  }
}
