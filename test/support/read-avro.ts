// Reads OrderPlaced and OrderBucket off their bytes by hand, so that a fault of the product's Avro cannot hide itself.
import { keyOf, type OrderLines } from './ledger.ts'

const FRAME_BYTES = 5
const MICROS_PER_MINUTE = 60_000_000n

/** Avro's primitives, one after the other. */
function reader(framed: Buffer) {
  let at = FRAME_BYTES
  function long(): bigint {
    let value = 0n
    for (let shift = 0n; ; shift += 7n) {
      const byte = framed.readUInt8(at++)
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return (value >> 1n) ^ -(value & 1n)
    }
  }
  function string(): string {
    const length = Number(long())
    at += length
    return framed.toString('utf8', at - length, at)
  }
  return { long, string }
}

const isFramed = (value: Buffer | null): value is Buffer => value !== null && value.length > FRAME_BYTES && value[0] === 0

/** Undefined for what is no order: poison that a test wrote. */
export function readOrderPlaced(value: Buffer | null): OrderLines | undefined {
  if (!isFramed(value)) return undefined
  try {
    const { long, string } = reader(value)
    long()
    string()
    string()
    const currency = string()
    const minute = Number(long() / MICROS_PER_MINUTE)
    long()
    long()
    const lines: OrderLines['lines'] = []
    for (let count = long(); count !== 0n; count = long()) {
      // A negative count is followed by the block's size in bytes.
      if (count < 0n) long()
      for (let n = count < 0n ? -count : count; n > 0n; n -= 1n) {
        string()
        lines.push({ category: string(), quantity: long(), unitPriceMinor: long() })
      }
    }
    return { minute, currency, lines }
  } catch {
    return undefined
  }
}

/** The bucket of an upsert. */
export function readOrderBucket(value: Buffer) {
  const { long, string } = reader(value)
  const minute = long() / MICROS_PER_MINUTE
  const category = string()
  const key = keyOf(minute, category, string())
  return { key, category, entry: { orders: long(), units: long(), revenueMinor: long() }, revision: long() }
}
