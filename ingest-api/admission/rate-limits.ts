// The port to token buckets that may be shared by several instances.
import type { Limit } from '#merchants/merchant'
import type { Taken } from './token-bucket.ts'

export type RateLimits = {
  /** Takes up to `cost` tokens from the named bucket; what is not granted costs nothing. */
  take(bucket: string, limit: Limit, cost: number): Promise<Omit<Taken, 'fullAt'>>
}
