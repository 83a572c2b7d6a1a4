// Produce requests byte for byte as KafkaJS writes them, and what it cannot write read back.
import { expect } from 'chai'
import fc from 'fast-check'
import type { IHeaders, Message } from 'kafkajs'
import produce from 'kafkajs/src/protocol/requests/produce/index.js'
import { chunksOf } from '../kafka/records.ts'
import { FetchedRecord } from '../kafkajs-fast/fetched-record.ts'
import { install } from '../kafkajs-fast/install.ts'
import { measured } from '../kafkajs-fast/new-record.ts'
import { encodeProduce, ProducerBatch } from '../kafkajs-fast/produce.ts'
import { readVarint, varintEnd, varintSize, writeVarint } from '../kafkajs-fast/varints.ts'
import type { NewRecord } from '../records/record-log.ts'

const NOW = 1_764_460_800_123
/** Before the batch of a request with one topic of one character and one partition, and before the batch's records. */
const [REQUEST_HEADER, BATCH_HEADER] = [12 + 7 + 8, 61]
const OPTIONS = { acks: -1, timeout: 30_000, compression: 0, producerId: -1 }

type Partitioned<M> = { topic: string; partitions: { partition: number; messages: M[] }[] }[]
const mapped = <A, B>(topics: Partitioned<A>, each: (of: A[]) => B[]): Partitioned<B> =>
  topics.map(({ topic, partitions }) => ({
    topic,
    partitions: partitions.map(({ partition, messages }) => ({ partition, messages: each(messages) })),
  }))

const batched = (records: NewRecord[], size = records.length) =>
  Array.from(
    { length: Math.ceil(records.length / size) },
    (_, n) => new ProducerBatch(records.slice(n * size, (n + 1) * size).map(measured)),
  )

function messageOf({ key, value, headers, repeatedHeaders }: NewRecord): Message {
  return { key, value, headers: { ...headers, ...repeatedHeaders } as IHeaders, timestamp: String(NOW) }
}

const byKafkaJs = async (topicData: Partitioned<Message>, version = 7, options = OPTIONS) =>
  (
    await produce
      .protocol({ version })({ ...options, topicData })
      .request.encode()
  ).buffer

const small = fc.uint8Array({ maxLength: 80 }).map((array) => Buffer.from(array))
/** About where lengths take another byte. */
const large = fc
  .tuple(fc.constantFrom(64, 8_192, 1_048_576), fc.integer({ min: -1, max: 1 }), fc.nat(255))
  .map(([size, by, byte]) => Buffer.alloc(size + by, byte))
const some = fc.oneof({ weight: 40, arbitrary: small }, { weight: 1, arbitrary: large })
const bytes = fc.option(some)
const headers = fc.dictionary(fc.oneof(fc.constantFrom('id', 'größe', '名前', ''), fc.string({ unit: 'grapheme', maxLength: 90 })), some, {
  maxKeys: 5,
  noNullPrototype: true,
})
const record: fc.Arbitrary<NewRecord> = fc
  .tuple(bytes, bytes, headers, fc.array(some, { maxLength: 3 }))
  .map(([key, value, headers, more]) => {
    const [repeated] = Object.keys(headers)
    if (repeated === undefined || more.length === 0) return { key, value, ...(more.length > 0 && { headers }) }
    return { key, value, headers, repeatedHeaders: { [repeated]: [...more, headers[repeated] as Buffer] } }
  })
const topics: fc.Arbitrary<Partitioned<NewRecord>> = fc.array(
  fc.record({
    topic: fc.constantFrom('order-events', 'größe'),
    partitions: fc.array(fc.record({ partition: fc.nat(2 ** 31 - 1), messages: fc.array(record, { minLength: 1, maxLength: 12 }) }), {
      maxLength: 6,
    }),
  }),
  { maxLength: 2 },
)

describe('a produce request of batches', () => {
  before(() => install(true))

  it('is byte for byte what KafkaJS makes of the same messages, in one batch a partition or several', async () => {
    await fc.assert(
      fc.asyncProperty(topics, fc.nat(20), async (given, size) => {
        const theirs = await byKafkaJs(mapped(given, (records) => records.map(messageOf)))
        const ours = encodeProduce({ ...OPTIONS, topicData: mapped(given, (records) => batched(records, size + 1)) }, NOW)
        expect(ours.equals(theirs)).to.equal(true)
      }),
      { numRuns: 60 },
    )
  })

  it('is that with so many records that their numbers take more bytes, too', async () => {
    const records = Array.from({ length: 20_000 }, (_, n) => ({ key: Buffer.from(String(n)), value: Buffer.alloc(n % 150, n) }))
    const topicData = (messages: Message[]) => [{ topic: 't', partitions: [{ partition: 0, messages }] }]
    const theirs = await byKafkaJs(topicData(records.map(messageOf)))
    const ours = encodeProduce({ ...OPTIONS, topicData: topicData(batched(records)) as Partitioned<ProducerBatch> }, NOW)
    expect(ours.equals(theirs)).to.equal(true)
  })

  it('has null headers, which KafkaJS fails to write, as null', async () => {
    const headers = { id: Buffer.from('7'), none: null, twice: Buffer.from('b') }
    const repeatedHeaders = { twice: [null, Buffer.alloc(0), Buffer.from('b')] }
    const given = { key: null, value: null, headers, repeatedHeaders }
    const request = encodeProduce(
      { ...OPTIONS, topicData: [{ topic: 't', partitions: [{ partition: 0, messages: batched([given]) }] }] },
      NOW,
    )
    const frame = { topic: 't', partition: 0, bytes: request.subarray(REQUEST_HEADER + BATCH_HEADER), baseOffset: 0n, timestamp: NOW }
    const kind = { appendTime: false, isControl: false, batchContext: { producerId: '-1', inTransaction: false } }
    const read = new FetchedRecord({ ...frame, ...kind }, varintEnd(frame.bytes, 0))
    expect(read).to.deep.include({ key: null, value: null, headers, repeatedHeaders })
  })

  it('is what KafkaJS sends of batches; other messages it encodes by itself', async () => {
    const given = { key: Buffer.from('k'), value: Buffer.from('v') }
    const topicData = (messages: Message[]) => [{ topic: 't', partitions: [{ partition: 3, messages }] }]
    for (const version of [3, 5, 7]) {
      const sent = await byKafkaJs(topicData(batched([given])), version)
      const sentAt = Number(sent.readBigInt64BE(REQUEST_HEADER + 27))
      expect(sentAt).to.be.within(Date.now() - 60_000, Date.now())
      expect(sent.equals(await byKafkaJs(topicData([{ ...given, timestamp: String(sentAt) }]), version))).to.equal(true)
    }
  })

  it('is refused where batches cannot be written as asked', () => {
    const topicData = [{ topic: 't', partitions: [{ partition: 0, messages: batched([{ key: null, value: null }]) }] }]
    for (const [version, other] of [
      [2, {}],
      [7, { compression: 1 }],
      [7, { transactionalId: 'id' }],
      [7, { producerId: '5' }],
    ] as const)
      expect(() => produce.protocol({ version })({ ...OPTIONS, ...other, topicData })).to.throw('batches are neither for')
  })
})

describe('chunks of records', () => {
  it('hold all in their order, none larger than it may be unless by a single record', () => {
    fc.assert(
      fc.property(fc.array(record, { maxLength: 30 }), fc.integer({ min: 100, max: 20_000 }), (records, maxBytes) => {
        const chunks = chunksOf(records, maxBytes)
        expect(chunks.flat().map(({ record }) => record)).to.deep.equal(records)
        for (const chunk of chunks) {
          const batches = [new ProducerBatch(chunk)]
          const request = encodeProduce({ ...OPTIONS, topicData: [{ topic: 't', partitions: [{ partition: 0, messages: batches }] }] }, NOW)
          expect(chunk.length === 1 || request.length - REQUEST_HEADER - BATCH_HEADER <= maxBytes).to.equal(true)
        }
      }),
    )
  })
})

describe('a varint that is written', () => {
  it('is as long as was said, and read back', () => {
    fc.assert(
      fc.property(fc.oneof(fc.integer({ min: -1, max: 300 }), fc.integer({ min: -1, max: 2 ** 31 - 1 })), (value) => {
        const bytes = Buffer.alloc(16, 0xff)
        expect(writeVarint(bytes, 3, value)).to.equal(3 + varintSize(value))
        expect([readVarint(bytes, 3), varintEnd(bytes, 3)]).to.deep.equal([value, 3 + varintSize(value)])
      }),
    )
  })
})
