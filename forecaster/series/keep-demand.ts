// Keeps the newest revision of every bucket; a slice's buckets, its asOf and its position are one transaction.
import type { Handler, Slice } from '@tally/platform/loop/handler'
import type { OrderBucket } from '@tally/schemas/contract/order-bucket'
import type { BucketEvent } from './decode-bucket.ts'

/** asOf in epoch microseconds. */
export type DemandState = { positions: ReadonlyMap<number, bigint>; asOf: bigint | null }

export type DemandChange = { buckets: OrderBucket[]; asOf: bigint | null; partition: number; nextOffset: bigint }

export type Demand = {
  /** As it was when the file was opened. */
  readonly state: DemandState
  /** All of the change or nothing; of a bucket the higher revision holds. @throws Unavailable | StopProcess */
  save(change: DemandChange): Promise<void>
}

type Options = {
  demand: Demand
  decode: Handler<BucketEvent>['decode']
  onKept?(change: DemandChange): void
}

export type KeepDemand = Handler<BucketEvent> & { startAt(topic: string, partition: number): bigint | undefined; state(): DemandState }

export function keepDemand({ demand, decode, onKept }: Options): KeepDemand {
  let state = demand.state
  const nextOffset = (partition: number) => state.positions.get(partition) ?? 0n
  return {
    decode,
    /** A gap before the slice is what compaction leaves behind: a newer record of each missing key follows. */
    async handle(slice) {
      if (slice.next <= nextOffset(slice.partition)) return
      const change = changeOf(slice, nextOffset(slice.partition), state.asOf)
      await demand.save(change)
      state = { asOf: change.asOf, positions: new Map(state.positions).set(change.partition, change.nextOffset) }
      onKept?.(change)
    },
    startAt: (_topic, partition) => state.positions.get(partition),
    state: () => state,
  }
}

/** The newest revision of each bucket in the slice, and the latest mark; asOf never goes back. */
function changeOf({ partition, next, messages }: Slice<BucketEvent>, position: bigint, before: bigint | null): DemandChange {
  const buckets = new Map<string, OrderBucket>()
  let asOf = before
  for (const { record, value } of messages) {
    if (record.offset < position) continue
    if ('asOf' in value) asOf = asOf === null || value.asOf > asOf ? value.asOf : asOf
    else {
      const { bucketStart, category, currency, revision } = value.bucket
      const key = JSON.stringify([String(bucketStart), category, currency])
      if (revision > (buckets.get(key)?.revision ?? -1n)) buckets.set(key, value.bucket)
    }
  }
  return { buckets: [...buckets.values()], asOf, partition, nextOffset: next }
}
