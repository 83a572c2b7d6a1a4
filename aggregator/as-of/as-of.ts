// As of: the instant up to which every acknowledged order is counted, told by heartbeats that travel with the orders.

/** A row of the heartbeat table as it came through the WAL: T, L and what the slot had confirmed at T. Times in epoch microseconds. */
export type Heartbeat = { at: bigint; lsn: bigint; confirmedLsn: bigint }

export type Freshness = 'fresh' | 'late' | 'stale'

/** Heartbeats come every second and are confirmed one or two later: up to 5 s is healthy, up to a minute is a hiccup. */
const FRESH_MS = 5_000
const LATE_MS = 60_000

/** Heartbeats kept while nothing is confirmed: dropping the oldest of them costs nothing, a later one says more. */
const MAX_WAITING = 1_000

/** Clocks of hosts that are looked after differ by less. A heartbeat from further ahead of the own clock says nothing about time. */
export const MAX_AHEAD_MS = 10_000

/** By how many milliseconds the heartbeat is ahead of what is believed; 0: its time is believed. */
export function aheadMs({ at }: Heartbeat, nowMs: number): number {
  const ahead = Number(at / 1000n) - nowMs
  return ahead > MAX_AHEAD_MS ? ahead : 0
}

/** Reads the JSON of a heartbeat record; undefined for anything else, such as a delete or a row without a position. */
export function readHeartbeat(value: Buffer | null): Heartbeat | undefined {
  try {
    const { after, source } = JSON.parse(value?.toString() ?? 'null')
    const at = readMicros(after.at)
    if (at === undefined || after.confirmed_lsn === null) return undefined
    return { at, lsn: BigInt(source.lsn), confirmedLsn: BigInt(after.confirmed_lsn) }
  } catch {
    return undefined
  }
}

/** Debezium writes `timestamptz` as text and `timestamp` as microseconds. */
function readMicros(at: unknown): bigint | undefined {
  if (typeof at === 'number' && Number.isInteger(at)) return BigInt(at)
  if (typeof at !== 'string') return undefined
  const ms = Date.parse(at)
  if (Number.isNaN(ms)) return undefined
  const fraction = /\.(\d+)/.exec(at)?.[1] ?? ''
  return BigInt(ms) * 1000n + BigInt(fraction.padEnd(6, '0').slice(3, 6))
}

/**
 * Takes heartbeats in order and answers the latest instant that is confirmed by each, if any: a heartbeat (T, L) is
 * confirmed by a later one whose confirmed position is at or past L, because then Kafka has acknowledged every order
 * committed before it. One whose time is not believed confirms earlier ones, and is never confirmed itself.
 */
export function confirmations(): (heartbeat: Heartbeat, timeIsBelieved?: boolean) => bigint | undefined {
  let waiting: Heartbeat[] = []
  return (heartbeat, timeIsBelieved = true) => {
    let confirmed: bigint | undefined
    const still: Heartbeat[] = []
    for (const earlier of waiting) {
      if (earlier.lsn > heartbeat.confirmedLsn) still.push(earlier)
      else if (confirmed === undefined || earlier.at > confirmed) confirmed = earlier.at
    }
    waiting = [...still.slice(1 - MAX_WAITING), ...(timeIsBelieved ? [heartbeat] : [])]
    return confirmed
  }
}

/** What has to be counted before `asOf` may be said: the end offset of every partition, noted after it was confirmed. */
export type Target = { asOf: bigint; ends: ReadonlyMap<number, bigint> }

/** Whether the next offset of every partition has passed the end that was noted. */
export function reached(ends: ReadonlyMap<number, bigint>, nextOffset: (partition: number) => bigint): boolean {
  for (const [partition, end] of ends) if (nextOffset(partition) < end) return false
  return true
}

/** @param asOf epoch microseconds, or null while no instant is known; one that is still to come is as good as none */
export function freshness(asOf: bigint | null, nowMs: number): Freshness {
  if (asOf === null) return 'stale'
  const ageMs = nowMs - Number(asOf / 1000n)
  if (ageMs < -MAX_AHEAD_MS) return 'stale'
  return ageMs <= FRESH_MS ? 'fresh' : ageMs <= LATE_MS ? 'late' : 'stale'
}
