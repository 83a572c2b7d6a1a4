// Kafka's zigzag varints and what they measure, read and written in place: at a position, without a cursor to keep. Pure.

/** The number at the position; exact for what fits a double. */
export function readVarint(bytes: Buffer, at: number): number {
  let byte = bytes[at] as number
  // One or two bytes are nearly all there are.
  if (byte < 0x80) return (byte >>> 1) ^ -(byte & 1)
  let value = byte & 0x7f
  for (let scale = 0x80, next = at + 1; byte >= 0x80; scale *= 0x80, next += 1) {
    byte = bytes[next] as number
    value += (byte & 0x7f) * scale
  }
  return value % 2 === 0 ? value / 2 : -(value + 1) / 2
}

/** The position behind the number. */
export function varintEnd(bytes: Buffer, at: number): number {
  let end = at
  while ((bytes[end] as number) >= 0x80) end += 1
  return end + 1
}

/** How many bytes a number of 31 bits, or -1, takes. */
export function varintSize(value: number): number {
  const zigzag = (value << 1) ^ (value >> 31)
  return zigzag >>> 0 < 0x80 ? 1 : Math.ceil((32 - Math.clz32(zigzag)) / 7)
}

/** Writes a number of 31 bits, or -1; the position behind it. */
export function writeVarint(bytes: Buffer, start: number, value: number): number {
  let at = start
  let rest = ((value << 1) ^ (value >> 31)) >>> 0
  for (; rest >= 0x80; rest >>>= 7) {
    bytes[at] = (rest & 0x7f) | 0x80
    at += 1
  }
  bytes[at] = rest
  return at + 1
}

/** Bytes behind their length; null where it is negative. */
export function bytesAt(bytes: Buffer, at: number): Buffer | null {
  const length = readVarint(bytes, at)
  if (length < 0) return null
  const start = varintEnd(bytes, at)
  return bytes.subarray(start, start + length)
}

/** The position behind such bytes. */
export const skipBytes = (bytes: Buffer, at: number): number => varintEnd(bytes, at) + Math.max(0, readVarint(bytes, at))

/** Whether the bytes behind their length are that ASCII text. */
export const isAt = (ascii: string, bytes: Buffer, at: number): boolean =>
  readVarint(bytes, at) === ascii.length && isText(ascii, bytes, varintEnd(bytes, at))

/** ASCII names seen before, by a hash of their bytes: the same dozen come again with every record. */
const NAMES: string[] = new Array(256).fill('')
const ASCII = /^[\0-\x7f]*$/

/** The bytes behind their length as text. */
export function nameAt(bytes: Buffer, at: number): string {
  const length = readVarint(bytes, at)
  const start = varintEnd(bytes, at)
  let hash = length
  for (let i = start; i < start + length; i += 1) hash = (Math.imul(hash, 31) + (bytes[i] as number)) | 0
  const slot = (hash ^ (hash >>> 8)) & 0xff
  const known = NAMES[slot] as string
  if (known.length === length && isText(known, bytes, start)) return known
  const name = bytes.toString('utf8', start, start + length)
  if (ASCII.test(name)) NAMES[slot] = name
  return name
}

function isText(ascii: string, bytes: Buffer, start: number): boolean {
  for (let i = 0; i < ascii.length; i += 1) if (ascii.charCodeAt(i) !== bytes[start + i]) return false
  return true
}
