// Node leases in memory, with the promises of the ones in PostgreSQL: a node has one holder, its reservation outlives them all.
import { Unavailable } from '@tally/platform/process/errors'
import type { TakeLease } from '../ids/leased-ids.ts'

export type MemoryLeases = {
  take: TakeLease
  /** Ends the sessions of all holders, as a database restart does; silently: the holders do not notice at once. */
  loseAll(silently?: boolean): void
  /** While true, nothing answers. */
  away: boolean
}

export function memoryNodeLeases(nodes = 4): MemoryLeases {
  const holders = new Map<number, AbortController>()
  const reserved = new Map<number, number>()
  const leases: MemoryLeases = {
    away: false,
    loseAll(silently = false) {
      if (!silently) for (const holder of holders.values()) holder.abort()
      holders.clear()
    },
    async take() {
      const node = Array.from({ length: nodes }, (_, n) => n).find((n) => !holders.has(n))
      if (leases.away || node === undefined) throw new Unavailable('no lease')
      const holder = new AbortController()
      holders.set(node, holder)
      return {
        node,
        reservedMs: reserved.get(node) ?? 0,
        lost: holder.signal,
        async reserve(untilMs) {
          if (leases.away || holders.get(node) !== holder) throw new Unavailable('the session is gone')
          reserved.set(node, Math.max(untilMs, reserved.get(node) ?? 0))
        },
        async release() {
          if (holders.get(node) === holder) holders.delete(node)
        },
      }
    },
  }
  return leases
}
