// A fetched record that stays the bytes that came: key, value and headers are cut out when they are asked for. KafkaJS makes some
// twenty objects of each record, of which most are never looked at.

import { type Headers, type LogRecord, type RepeatedHeaders, type SomeHeaders, setHeader } from '#records/record-log'
import { bytesAt, isAt, nameAt, readVarint, skipBytes, varintEnd } from './varints.ts'

/** What the records of a batch have in common. */
export type Frame = {
  topic: string
  partition: number
  bytes: Buffer
  baseOffset: bigint
  timestamp: number
  /** All have the batch's timestamp. */
  appendTime: boolean
  isControl: boolean
  batchContext: { producerId: string; inTransaction: boolean }
}

/** A class, so that what is made when it is asked for lies on the prototype: tens of thousands of these are in hand at once. */
export class FetchedRecord implements LogRecord {
  readonly #frame: Frame
  readonly #keyAt: number
  readonly #offsetDelta: number
  #read: SomeHeaders | undefined
  readonly timestamp: number

  constructor(frame: Frame, at: number) {
    this.#frame = frame
    const deltaAt = at + 1
    this.timestamp = frame.appendTime ? frame.timestamp : frame.timestamp + readVarint(frame.bytes, deltaAt)
    const offsetAt = varintEnd(frame.bytes, deltaAt)
    this.#offsetDelta = readVarint(frame.bytes, offsetAt)
    this.#keyAt = varintEnd(frame.bytes, offsetAt)
  }

  get topic(): string {
    return this.#frame.topic
  }
  get partition(): number {
    return this.#frame.partition
  }
  get offset(): bigint {
    return this.#frame.baseOffset + BigInt(this.#offsetDelta)
  }
  get key(): Buffer | null {
    return bytesAt(this.#frame.bytes, this.#keyAt)
  }
  get value(): Buffer | null {
    return bytesAt(this.#frame.bytes, skipBytes(this.#frame.bytes, this.#keyAt))
  }
  get #headersAt(): number {
    const { bytes } = this.#frame
    return skipBytes(bytes, skipBytes(bytes, this.#keyAt))
  }
  /** Made once: whoever asks for one of them mostly asks for all. */
  get #allHeaders(): SomeHeaders {
    this.#read ??= readHeaders(this.#frame.bytes, this.#headersAt)
    return this.#read
  }
  get headers(): Headers {
    return this.#allHeaders.headers
  }
  get repeatedHeaders(): RepeatedHeaders | undefined {
    return this.#allHeaders.repeatedHeaders
  }
  header(name: string): Buffer | null | undefined {
    const { bytes } = this.#frame
    let found: Buffer | null | undefined
    let at = this.#headersAt
    const count = readVarint(bytes, at)
    at = varintEnd(bytes, at)
    for (let n = 0; n < count; n += 1) {
      const valueAt = skipBytes(bytes, at)
      // Names are ASCII where anyone asks for them.
      if (isAt(name, bytes, at)) found = bytesAt(bytes, valueAt)
      at = skipBytes(bytes, valueAt)
    }
    return found
  }
  headersThat(isMeant: (name: string) => boolean): SomeHeaders {
    return readHeaders(this.#frame.bytes, this.#headersAt, isMeant)
  }

  /** What KafkaJS looks at. */
  get isControlRecord(): boolean {
    return this.#frame.isControl
  }
  get batchContext(): Frame['batchContext'] {
    return this.#frame.batchContext
  }
}

/** In a plain loop: letters have a dozen headers each, and plans read letters by the million. */
function readHeaders(bytes: Buffer, start: number, isMeant?: (name: string) => boolean): SomeHeaders {
  const headers: Headers = {}
  let repeated: Map<string, (Buffer | null)[]> | undefined
  let at = varintEnd(bytes, start)
  for (let left = readVarint(bytes, start); left > 0; left -= 1) {
    const name = nameAt(bytes, at)
    const valueAt = skipBytes(bytes, at)
    at = skipBytes(bytes, valueAt)
    if (isMeant !== undefined && !isMeant(name)) continue
    const value = bytesAt(bytes, valueAt)
    if (Object.hasOwn(headers, name)) {
      repeated ??= new Map()
      repeated.set(name, [...(repeated.get(name) ?? [headers[name] ?? null]), value])
    }
    setHeader(headers, name, value)
  }
  return { headers, repeatedHeaders: repeated && Object.fromEntries(repeated) }
}
