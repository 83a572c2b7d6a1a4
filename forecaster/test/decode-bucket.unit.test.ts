import { InvalidMessage } from '@tally/platform/process/errors'
import type { LogRecord } from '@tally/platform/records/record-log'
import { expect } from 'chai'
import { bucketDecoder } from '../series/decode-bucket.ts'
import { asOfRecord, bucket, NOW, TODAY } from './support/forecaster.ts'

const record = (changes: Partial<LogRecord>): LogRecord => ({
  ...{ topic: 'order-buckets', partition: 0, offset: 0n, timestamp: 0, key: null, value: Buffer.of(0), headers: {} },
  ...changes,
})

describe('bucketDecoder', () => {
  it('reads the mark that says as of when the buckets before it are complete', () => {
    expect(bucketDecoder(() => bucket(TODAY, 1))(record(asOfRecord(NOW)))).to.deep.equal({ asOf: NOW })
  })

  it('hands on buckets, also of a decoder that has to wait for a schema', async () => {
    const one = bucket(TODAY, 1)
    expect(bucketDecoder(() => one)(record({}))).to.deep.equal({ bucket: one })
    expect(await bucketDecoder(async () => one)(record({}))).to.deep.equal({ bucket: one })
  })

  for (const [what, changes] of [
    ['another tombstone', { key: Buffer.from('x'), value: null }],
    ['a mark without an instant', { ...asOfRecord(NOW), headers: {} }],
    ['a mark that is no time', { ...asOfRecord(NOW), headers: { asOf: Buffer.from('999999999999999999') } }],
  ] as const)
    it(`refuses ${what}`, () => {
      expect(() => bucketDecoder(() => bucket(TODAY, 1))(record(changes))).to.throw(InvalidMessage)
    })

  for (const [what, one] of [
    ['does not start with a minute', bucket(TODAY + 1n, 1)],
    ['counts less than nothing', bucket(TODAY, 1, { units: -1n })],
    ['has no category', bucket(TODAY, 1, { category: '' })],
  ] as const)
    it(`refuses a bucket that ${what}`, () => {
      expect(() => bucketDecoder(() => one)(record({}))).to.throw(InvalidMessage)
    })
})
