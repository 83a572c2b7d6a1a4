// The answer to a fetch, made by hand from Kafka's protocol: read as it was written, and as KafkaJS reads it.
import { gzipSync } from 'node:zlib'
import { expect } from 'chai'
import fc from 'fast-check'
import { fromKafka } from '../kafka/records.ts'
import { decodeAsKafkaJs, decodeFetch } from '../kafkajs-fast/fetch.ts'
import { readVarint, varintEnd } from '../kafkajs-fast/varints.ts'

const int = (bytes: 1 | 2 | 4, value: number) => {
  const buffer = Buffer.alloc(bytes)
  buffer.writeIntBE(value, 0, bytes)
  return buffer
}
const long = (value: bigint) => {
  const buffer = Buffer.alloc(8)
  buffer.writeBigInt64BE(value)
  return buffer
}
function varint(value: number): Buffer {
  const bytes: number[] = []
  let rest = (BigInt(value) << 1n) ^ (BigInt(value) >> 63n)
  for (; rest >= 0x80n; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80)
  return Buffer.from([...bytes, Number(rest)])
}
const sized = (bytes: Buffer | null) => (bytes === null ? varint(-1) : Buffer.concat([varint(bytes.length), bytes]))

type Given = { timestamp: number; offset: number; key: Buffer | null; value: Buffer | null; headers: [string, Buffer | null][] }

function recordBytes({ timestamp, offset, key, value, headers }: Given): Buffer {
  const named = headers.flatMap(([name, header]) => [sized(Buffer.from(name)), sized(header)])
  return sized(Buffer.concat([int(1, 0), varint(timestamp), varint(offset), sized(key), sized(value), varint(headers.length), ...named]))
}

type Batch = { base: bigint; at: bigint; attributes?: number; records: Given[] }

function batchBytes({ base, at, attributes = 0, records }: Batch): Buffer {
  const bytes = Buffer.concat(records.map(recordBytes))
  const fields = [int(4, 0), int(1, 2), int(4, 0), int(2, attributes), int(4, records.length), long(at), long(at + 77n), long(-1n)]
  const body = Buffer.concat([...fields, int(2, 0), int(4, 0), int(4, records.length), attributes & 1 ? gzipSync(bytes) : bytes])
  return Buffer.concat([long(base), int(4, body.length), body])
}

function answer(records: Buffer): Buffer {
  const header = [int(4, 5), int(2, 0), int(4, 9), int(4, 1), int(2, 1), Buffer.from('t'), int(4, 1)]
  const partition = [int(4, 3), int(2, 0), long(70n), long(69n), long(0n), int(4, 1), long(8n), long(60n), int(4, -1)]
  return Buffer.concat([...header, ...partition, int(4, records.length), records])
}

const bytes = fc.option(fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array)))
const name = fc.constantFrom('id', 'traceparent', 'replay.group', 'größe')
const given: fc.Arbitrary<Given> = fc.record({
  timestamp: fc.integer({ min: -1_000, max: 2 ** 40 }),
  offset: fc.integer({ min: 0, max: 2 ** 31 - 1 }),
  key: bytes,
  value: bytes,
  headers: fc.array(fc.tuple(name, bytes), { maxLength: 4 }),
})

describe('the answer to a fetch', () => {
  it('is read as KafkaJS reads it, whatever is in it and however it is packed', async () => {
    const batch = fc.record({
      base: fc.bigInt(0n, 2n ** 62n),
      at: fc.bigInt(0n, 2n ** 42n),
      attributes: fc.constantFrom(0, 1, 8, 9, 16, 32),
      records: fc.array(given, { maxLength: 20 }),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(batch, { maxLength: 3 }), async (batches) => {
        const whole = answer(Buffer.concat(batches.map(batchBytes)))
        const [ours, theirs] = [await decodeFetch(whole), await decodeAsKafkaJs(whole)]
        const [partition] = theirs.responses[0]?.partitions ?? []
        const messages = (partition?.messages ?? []) as unknown as Parameters<typeof fromKafka>[2][]
        const read = ours.responses[0]?.partitions[0]?.messages ?? []
        for (const [index, message] of messages.entries()) {
          const record = read[index]
          expect(record).to.deep.include({ repeatedHeaders: undefined, ...fromKafka('t', 3, message) })
          for (const one of ['id', 'replay.group', 'none']) expect(record?.header?.(one)).to.deep.equal(record?.headers[one])
          expect(record).to.deep.include({ isControlRecord: Boolean((message as { isControlRecord?: boolean }).isControlRecord) })
        }
        const without = (one: typeof ours) => ({
          ...one,
          responses: one.responses.map(({ topicName, partitions }) => ({
            topicName,
            partitions: partitions.map(({ messages, ...rest }) => ({ ...rest, count: messages.length })),
          })),
        })
        expect(without(ours)).to.deep.equal(without(theirs))
      }),
      { numRuns: 300 },
    )
  })

  it('ends before a batch that is cut off', async () => {
    const record = { timestamp: 1, offset: 0, key: null, value: Buffer.from('v'), headers: [] }
    const [first, second] = [1n, 2n].map((base) => batchBytes({ base, at: 5n, records: [record] })) as [Buffer, Buffer]
    const { responses } = await decodeFetch(answer(Buffer.concat([first, second.subarray(0, second.length - 1)])))
    expect(responses[0]?.partitions[0]?.messages.map(({ offset }) => offset)).to.deep.equal([1n])
  })

  it('is a fault when a batch ends within a record', async () => {
    const whole = batchBytes({
      base: 1n,
      at: 5n,
      records: [{ timestamp: 1, offset: 0, key: null, value: Buffer.from('value'), headers: [] }],
    })
    whole.writeInt32BE(whole.length - 14, 8)
    const error = await decodeFetch(answer(whole.subarray(0, whole.length - 2))).catch((thrown) => thrown)
    expect(String(error)).to.contain('ends within a record')
  })
})

describe('a varint', () => {
  it('is read back, and ends where it ends', () => {
    fc.assert(
      fc.property(fc.oneof(fc.integer(), fc.integer({ min: -(2 ** 51), max: 2 ** 51 })), (value) => {
        const written = Buffer.concat([Buffer.alloc(3), varint(value), Buffer.from([0xff])])
        expect([readVarint(written, 3), varintEnd(written, 3)]).to.deep.equal([value, written.length - 1])
      }),
    )
  })
})
