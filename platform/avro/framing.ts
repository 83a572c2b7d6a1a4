// Avro values in Confluent's wire format: 0x00, four bytes of schema id, Avro body. Every long is a bigint.
import avro from 'avsc'
import { InvalidMessage } from '#process/errors'

const MAGIC = 0
const HEADER_BYTES = 5

/** avsc refuses longs beyond 2^53 unless they are read as bigint. */
const longType = newLongType()

function newLongType() {
  const type = avro.types.LongType.__with({
    fromBuffer: (buffer: Buffer) => buffer.readBigInt64LE(),
    toBuffer: (value: bigint) => {
      const buffer = Buffer.allocUnsafe(8)
      buffer.writeBigInt64LE(value)
      return buffer
    },
    fromJSON: BigInt,
    toJSON: (value: bigint) => Number(value),
    isValid: (value: unknown) => typeof value === 'bigint',
    compare: (a: bigint, b: bigint) => (a < b ? -1 : a > b ? 1 : 0),
  })
  // avsc's own way allocates a buffer for each long, and loses the sign of some negative ones.
  return Object.freeze(Object.create(type, { _read: { value: readLong } })) as typeof type
}

type Tap = { buf: Buffer; pos: number; readLong(): number; isValid(): boolean }

/** Below this avsc's arithmetic in doubles is exact, the sign's bit included. */
const EXACT = 2 ** 52

function readLong(tap: Tap): bigint | undefined {
  const { pos } = tap
  const value = tap.readLong()
  if (value < EXACT && value > -EXACT) return tap.isValid() ? BigInt(value) : undefined
  let [bits, shift, byte] = [0n, 0n, 0]
  tap.pos = pos
  do {
    byte = tap.buf[tap.pos++] ?? 0
    bits |= BigInt(byte & 0x7f) << shift
    shift += 7n
  } while (byte & 0x80)
  return tap.isValid() ? BigInt.asIntN(64, (bits >> 1n) ^ -(bits & 1n)) : undefined
}

export type AvroType<T> = {
  /** @throws Error naming the path of the first field that does not fit */
  toBuffer(value: T): Buffer
  fromBuffer(body: Buffer, resolver?: unknown): T
  createResolver(writer: AvroType<unknown>): unknown
}

/** How every schema is read, the registry's too: types made with other options do not resolve to
 * ours. A new object each time: avsc keeps the names it has met in it. */
export const avroOptions = () => ({ typeHook: (attrs: unknown) => (isLong(attrs) ? longType : undefined), wrapUnions: 'never' as const })

/** The schema (JSON text) with only these fields in its records: a reader with it skips the others unread. */
export function projected(schema: string, fields: readonly string[]): string {
  const keep = (_: string, value: unknown) =>
    isRecord(value) ? { ...value, fields: value.fields.filter(({ name }) => fields.includes(name)) } : value
  return JSON.stringify(JSON.parse(schema, keep))
}

const isRecord = (value: unknown): value is { type: string; fields: { name: string }[] } =>
  typeof value === 'object' && value !== null && 'type' in value && value.type === 'record'

/** Parses a schema (JSON text). Unions are unwrapped: a nullable field is `null` or the bare value. */
export function avroType<T>(schema: string): AvroType<T> {
  return avro.Type.forSchema(JSON.parse(schema), avroOptions()) as unknown as AvroType<T>
}

function isLong(attrs: unknown): boolean {
  return attrs === 'long' || (typeof attrs === 'object' && attrs !== null && 'type' in attrs && attrs.type === 'long')
}

/** Framed bytes of a value. */
export function encodeFramed<T>(schemaId: number, type: AvroType<T>, value: T): Buffer {
  const header = Buffer.alloc(HEADER_BYTES)
  header.writeInt32BE(schemaId, 1)
  return Buffer.concat([header, type.toBuffer(value)])
}

/** Splits framed bytes; throws InvalidMessage (`undecodable`) for what is not framed. */
export function readFrame(value: Buffer | null): { schemaId: number; body: Buffer } {
  if (value === null) throw new InvalidMessage('undecodable', 'the value is null')
  if (value.length < HEADER_BYTES || value[0] !== MAGIC) {
    throw new InvalidMessage(
      'undecodable',
      `the value does not start with 0x00 and a schema id (${value.length} bytes, first: ${value.subarray(0, 8).toString('hex')})`,
    )
  }
  return { schemaId: value.readInt32BE(1), body: value.subarray(HEADER_BYTES) }
}
