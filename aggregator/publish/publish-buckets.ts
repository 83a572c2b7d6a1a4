// Publishes what changed since it was last acknowledged, then says up to when it is all there. Counting never waits for it.
import { type Clock, wait } from '@tally/platform/process/clock'
import type { Log } from '@tally/platform/process/log'
import { inPasses, type Passes } from '@tally/platform/process/passes'

/** The whole bucket as it stands, with the revision of its last change. */
export type ChangedBucket = {
  minute: number
  category: string
  currency: string
  orders: bigint
  units: bigint
  revenueMinor: bigint
  revision: bigint
}

/** Where a page of changed buckets ended: the next one starts behind it. */
export type Cursor = { minute: number; series: number }

export type ChangedBuckets = {
  /** Read in one snapshot: asOf, and the last revision at which a bucket changed that is not known to be published; undefined: none. */
  pending(publishedUpTo: bigint): Promise<{ asOf: bigint | null; revision: bigint | undefined }>
  /** Buckets changed after `publishedUpTo`, in order, behind the cursor. */
  page(publishedUpTo: bigint, behind: Cursor | undefined): Promise<{ buckets: ChangedBucket[]; end: Cursor | undefined }>
}

export type BucketTopic = {
  /** Resolves once all are acknowledged. @throws Unavailable */
  send(buckets: readonly ChangedBucket[], asOf: bigint | null): Promise<void>
  /** Every bucket sent before this counts all orders acknowledged before asOf. */
  mark(asOf: bigint): Promise<void>
}

type Options = {
  changed: ChangedBuckets
  topic: BucketTopic
  /** The store may forget that buckets up to this revision were to be published. */
  published(upTo: bigint): void
  /** Whether buckets that are published now will soon have changed again. */
  isBehind?(): boolean
  clock: Clock
  log: Log
}

const MINUTE_MICROS = 60_000_000n
/** While much changes, publishing takes at most a fifth of the time, and a bucket that changes often is sent once per pass. */
const REST_FACTOR = 4
const MAX_REST_MS = 10_000
/** While counting catches up, buckets are published this often. */
const BEHIND_MS = 60_000
const LOOK_EVERY_MS = 250

/** Publishes after every `wake`, one pass at a time, and once at the start: a crash may have come between commit and publish. */
export function publishBuckets({ changed, topic, published, isBehind, clock, log }: Options): Passes {
  let publishedUpTo = 0n
  let marked: bigint | undefined

  async function pass(stopping: AbortSignal): Promise<void> {
    const { asOf, revision } = await changed.pending(publishedUpTo)
    if (revision !== undefined) {
      let cursor: Cursor | undefined
      do {
        const page = await changed.page(publishedUpTo, cursor)
        await topic.send(page.buckets, asOf)
        // What is not published yet stays in the store: shutdown need not wait for a long pass.
        if (stopping.aborted) return
        cursor = page.end
      } while (cursor !== undefined)
      publishedUpTo = revision
      published(revision)
    }
    if (asOf !== null && (marked === undefined || asOf / MINUTE_MICROS > marked / MINUTE_MICROS)) {
      await topic.mark(asOf)
      marked = asOf
    }
  }

  async function caughtUp(stopping: AbortSignal): Promise<void> {
    const began = clock.now()
    while (isBehind?.() && Math.abs(clock.now() - began) < BEHIND_MS && !stopping.aborted) await wait(LOOK_EVERY_MS, stopping)
  }

  return inPasses({
    pass,
    before: caughtUp,
    restFactor: REST_FACTOR,
    maxRestMs: MAX_REST_MS,
    whenUnavailable: 'buckets cannot be published; they are kept and sent again',
    clock,
    log,
  })
}
