// A record of order-buckets → a bucket or an as-of mark, or the reason why it is neither.
import { InvalidMessage } from '@tally/platform/process/errors'
import type { LogRecord } from '@tally/platform/records/record-log'
import { AS_OF_HEADER, AS_OF_KEY, type OrderBucket } from '@tally/schemas/contract/order-bucket'

export type DecodeValue = (value: Buffer | null) => OrderBucket | Promise<OrderBucket>

/** asOf: every bucket before this record counts all orders acknowledged before that instant (epoch microseconds). */
export type BucketEvent = { bucket: OrderBucket } | { asOf: bigint }

const MICROS_PER_MINUTE = 60_000_000n
/** Minutes are kept in 32 bits, which lasts until the year 6053. */
const MAX_TIME = 2n ** 31n * MICROS_PER_MINUTE

/** @throws InvalidMessage (`contract-violation`), and whatever `decodeValue` throws */
export function bucketDecoder(decodeValue: DecodeValue): (record: LogRecord) => BucketEvent | Promise<BucketEvent> {
  return (record) => {
    if (record.value === null) return { asOf: readAsOf(record) }
    const bucket = decodeValue(record.value)
    return bucket instanceof Promise ? bucket.then(checked) : checked(bucket)
  }
}

function readAsOf({ key, headers }: LogRecord): bigint {
  if (key?.toString() !== AS_OF_KEY) throw broken(`a record without a value under the key ${JSON.stringify(key?.toString())}`)
  const text = headers[AS_OF_HEADER]?.toString() ?? ''
  const asOf = /^\d{1,18}$/.test(text) ? BigInt(text) : undefined
  if (asOf === undefined || asOf >= MAX_TIME) throw broken(`header ${AS_OF_HEADER} ${JSON.stringify(text)} is not a time`)
  return asOf
}

function checked(bucket: OrderBucket): BucketEvent {
  const { bucketStart, category, currency, orders, units, revenueMinor } = bucket
  if (bucketStart < 0n || bucketStart >= MAX_TIME || bucketStart % MICROS_PER_MINUTE !== 0n)
    throw broken(`bucketStart ${bucketStart} is not the start of a minute`)
  if (category === '' || currency === '') throw broken('the category or the currency is empty')
  if (orders < 0n || units < 0n || revenueMinor < 0n) throw broken('a count is negative')
  return { bucket }
}

const broken = (why: string) => new InvalidMessage('contract-violation', why)
