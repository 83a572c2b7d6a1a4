// All that is known of one partition, in one object: each link of the chain and the watch read and change it here.

export type Place = { topic: string; partition: number }

/** Why the next records are put off: what they need is unavailable, or handling them failed. */
export type Cause = 'failed' | 'unavailable'

/** Paused until the next attempt; how often it came to that, by cause. Times in epoch milliseconds. */
export type Waiting = Record<Cause, number> & { since: number; why: string; timer: NodeJS.Timeout | undefined }

export type Partition = {
  readonly topic: string
  readonly partition: number
  isOurs: boolean
  /** The next offset; undefined before the first batch of a partition that starts where the group committed. */
  position: bigint | undefined
  /** First kept offset when the log was last looked at. */
  logStart: bigint | undefined
  /** Whether a batch is in hand, and when one was last begun, settled in part or ended. */
  inHand: boolean
  activeAt: number
  /** Timestamp of the last settled record. */
  lastTimestamp: number | undefined
  waiting: Waiting | undefined
  /** Records before `notedUpTo` are in the window of the limit; those `written` as dead letters are not settled yet. */
  deadLetters: { notedUpTo: bigint; written: Set<bigint> }
  /** Whether all that was in hand when the last process died is settled. */
  isIsolated: boolean
  /** How often in a row the watch saw records wait that did not come. */
  quietLooks: number
  /** How often in a row it saw an open transaction keep the records from that offset on from being read. */
  heldBack: { at: bigint; looks: number } | undefined
}

export type Partitions = {
  /** The partition of that name; it stays the same object, whoever has it meanwhile. */
  of(place: Place): Partition
  /** These are ours from now on, and no others. */
  assigned(places: Place[]): void
  ours(): Partition[]
  all(): Partition[]
}

/** For logs and errors. */
export const nameOf = ({ topic, partition }: Place): string => `${topic}/${partition}`

/** @param now epoch milliseconds */
export function newPartition({ topic, partition }: Place, now: number): Partition {
  return {
    topic,
    partition,
    isOurs: false,
    position: undefined,
    logStart: undefined,
    inHand: false,
    activeAt: now,
    lastTimestamp: undefined,
    waiting: undefined,
    deadLetters: { notedUpTo: -1n, written: new Set() },
    isIsolated: false,
    quietLooks: 0,
    heldBack: undefined,
  }
}

export function partitionsOf(clock: { now(): number }): Partitions {
  const known = new Map<string, Partition>()
  function of(place: Place): Partition {
    const partition = known.get(nameOf(place)) ?? newPartition(place, clock.now())
    known.set(nameOf(place), partition)
    return partition
  }
  const all = () => [...known.values()]
  return {
    of,
    all,
    ours: () => all().filter(({ isOurs }) => isOurs),
    assigned(places) {
      for (const partition of known.values()) partition.isOurs = false
      for (const place of places) {
        const partition = of(place)
        partition.isOurs = true
        // A batch that was in hand before is in hand still, and may hang.
        if (!partition.inHand) partition.activeAt = clock.now()
      }
    },
  }
}
