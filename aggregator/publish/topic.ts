// Buckets as upserts on order-buckets: framed Avro under the key start|category|currency.
import { type AvroType, encodeFramed } from '@tally/platform/avro/framing'
import type { RecordLog } from '@tally/platform/records/record-log'
import { AS_OF_HEADER, AS_OF_KEY, type OrderBucket } from '@tally/schemas/contract/order-bucket'
import { ORDER_BUCKETS } from '@tally/schemas/contract/topics'
import { startMicros } from '#answer/ask-counts'
import type { BucketTopic } from './publish-buckets.ts'

/** The only one: a mark speaks of every bucket before it, and order is a partition's. */
const PARTITION = 0

/**
 * @param schemaId id under which `type` is registered for the topic's values
 * @param acknowledged told how many buckets were acknowledged
 */
export function kafkaBuckets(
  recordLog: RecordLog,
  schemaId: number,
  type: AvroType<OrderBucket>,
  acknowledged: (buckets: number) => void,
): BucketTopic {
  return {
    async send(buckets, asOf) {
      const records = buckets.map(({ minute, category, currency, orders, units, revenueMinor, revision }) => ({
        partition: PARTITION,
        key: Buffer.from(`${new Date(minute * 60_000).toISOString()}|${category}|${currency}`),
        value: encodeFramed(schemaId, type, {
          bucketStart: startMicros(minute),
          category,
          currency,
          orders,
          units,
          revenueMinor,
          revision,
          asOf,
        }),
      }))
      await recordLog.append(ORDER_BUCKETS, records)
      acknowledged(records.length)
    },
    async mark(asOf) {
      await recordLog.append(ORDER_BUCKETS, [
        { key: Buffer.from(AS_OF_KEY), value: null, headers: { [AS_OF_HEADER]: Buffer.from(String(asOf)) } },
      ])
    },
  }
}
