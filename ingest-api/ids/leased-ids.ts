// Ids under a node lease: no two processes ever mint the same id, whatever their clocks do, and none is minted without a lease.
import type { Backoff } from '@tally/platform/process/backoff'
import { backoffMs } from '@tally/platform/process/backoff'
import type { Clock } from '@tally/platform/process/clock'
import { wait } from '@tally/platform/process/clock'
import { messageOf, Unavailable } from '@tally/platform/process/errors'
import { tsidMint, tsidTime } from '@tally/platform/process/ids'
import type { Log } from '@tally/platform/process/log'

/** A node held by this process alone, until `lost` aborts. */
export type NodeLease = {
  node: number
  /** Epoch milliseconds up to which earlier holders may have minted ids. */
  reservedMs: number
  lost: AbortSignal
  /** Stores that ids may be minted up to this time; rejects when the lease does not hold any more. */
  reserve(untilMs: number): Promise<void>
  release(): Promise<void>
}

/** @throws when no lease can be had right now */
export type TakeLease = () => Promise<NodeLease>

export type Ids = {
  /** The next id. @throws Unavailable while there is no lease */
  next(): bigint
  /** For /readyz: undefined while ids can be minted. */
  ready(): string | undefined
  /** The node held, if any. */
  node(): number | undefined
  close(): Promise<void>
}

const RESERVE_AHEAD_MS = 5_000
const RESERVE_EVERY_MS = 1_000
const RETRY: Backoff = { firstMs: 100, maxMs: 2_000 }

/** Takes a lease in the background, keeps it, and takes another one when it is lost. */
export function leasedIds(takeLease: TakeLease, clock: Clock, log: Log): Ids {
  const closing = new AbortController()
  /** Of the last id given: another node may be reserved for less, and its ids are not to sort before those of the node before. */
  let givenMs = 0
  let minting: { lease: NodeLease; next: () => bigint; lastMs: number; untilMs: number } | undefined

  async function holdOne(): Promise<void> {
    const lease = await takeLease()
    try {
      const startAfterMs = Math.max(lease.reservedMs, givenMs)
      const held = { lease, next: tsidMint(lease.node, clock, startAfterMs), lastMs: startAfterMs, untilMs: 0 }
      lease.lost.addEventListener('abort', () => {
        minting = undefined
      })
      const tick = AbortSignal.any([closing.signal, lease.lost])
      do {
        const untilMs = Math.max(clock.now(), held.lastMs) + RESERVE_AHEAD_MS
        await lease.reserve(untilMs)
        held.untilMs = untilMs
        if (!lease.lost.aborted) minting = held
        await wait(RESERVE_EVERY_MS, tick)
      } while (!tick.aborted)
    } finally {
      minting = undefined
      await lease.release()
    }
    if (!closing.signal.aborted) throw new Unavailable('the session that held the node lease is gone')
  }

  async function keepHolding(): Promise<void> {
    for (let failures = 0; !closing.signal.aborted; ) {
      const begun = clock.now()
      await holdOne().catch((error: unknown) => {
        failures = clock.now() - begun > RESERVE_AHEAD_MS ? 1 : failures + 1
        log.warn({ why: messageOf(error), failures }, 'no node lease: no ids are given until there is one')
      })
      if (failures > 0) await wait(backoffMs(failures, RETRY), closing.signal)
    }
  }

  const ended = keepHolding()
  return {
    next() {
      if (minting === undefined) throw new Unavailable('No id can be given to the order right now.')
      const id = minting.next()
      minting.lastMs = tsidTime(id)
      // A paused process wakes up behind its reservation: by then another one may hold the node.
      if (minting.lastMs > minting.untilMs) throw new Unavailable('No id can be given to the order right now.')
      givenMs = minting.lastMs
      return id
    },
    ready: () => (minting === undefined ? 'no node lease, so no ids can be given' : undefined),
    node: () => minting?.lease.node,
    close() {
      closing.abort()
      return ended
    },
  }
}
