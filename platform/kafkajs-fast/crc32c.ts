// CRC-32C, which Kafka's batches are checked by and Node's zlib does not have. Pure.

/** Castagnoli's polynomial, bits reversed. */
const POLYNOMIAL = 0x82f63b78

/** What a byte comes to when 0 to 7 others follow it: so eight are taken in one step, six times as fast as one by one. */
const TABLES = tables()

function tables(): Int32Array {
  const made = new Int32Array(8 * 256)
  for (let byte = 0; byte < 256; byte += 1) {
    let crc = byte
    for (let bit = 0; bit < 8; bit += 1) crc = (crc >>> 1) ^ (crc & 1 ? POLYNOMIAL : 0)
    made[byte] = crc
  }
  for (let at = 256; at < made.length; at += 1) {
    const before = made[at - 256] as number
    made[at] = (before >>> 8) ^ (made[before & 0xff] as number)
  }
  return made
}

/** The checksum of the bytes between two positions. */
export function crc32c(bytes: Buffer, start: number, end: number): number {
  const t = TABLES
  const byte = (at: number) => bytes[at] as number
  let crc = -1
  let at = start
  for (; at + 8 <= end; at += 8) {
    crc ^= byte(at) | (byte(at + 1) << 8) | (byte(at + 2) << 16) | (byte(at + 3) << 24)
    crc =
      (t[1792 + (crc & 0xff)] as number) ^
      (t[1536 + ((crc >>> 8) & 0xff)] as number) ^
      (t[1280 + ((crc >>> 16) & 0xff)] as number) ^
      (t[1024 + (crc >>> 24)] as number) ^
      (t[768 + byte(at + 4)] as number) ^
      (t[512 + byte(at + 5)] as number) ^
      (t[256 + byte(at + 6)] as number) ^
      (t[byte(at + 7)] as number)
  }
  for (; at < end; at += 1) crc = (crc >>> 8) ^ (t[(crc ^ byte(at)) & 0xff] as number)
  return ~crc >>> 0
}
