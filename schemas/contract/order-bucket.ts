// The TypeScript face of OrderBucket.avsc; a test holds them equal.

/** Times in epoch microseconds, amounts in minor units. */
export type OrderBucket = {
  bucketStart: bigint
  category: string
  currency: string
  orders: bigint
  units: bigint
  revenueMinor: bigint
  revision: bigint
  asOf: bigint | null
}

/**
 * Key of the tombstone by which the aggregator says on order-buckets "every bucket sent before this record counts all
 * orders acknowledged before asOf" (header `asOf`, epoch microseconds as text), also when no bucket changes.
 */
export const AS_OF_KEY = 'as-of'
export const AS_OF_HEADER = 'asOf'
