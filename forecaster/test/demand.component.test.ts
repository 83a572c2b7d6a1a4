// Buckets in a real DuckDB file.
import { memoryLog } from '@tally/platform/test-support/memory-log'
import { ORDER_BUCKETS, ORDER_FORECASTS } from '@tally/schemas/contract/topics'
import { expect } from 'chai'
import { until } from '../../test/support/until.ts'
import type { BucketEvent } from '../series/decode-bucket.ts'
import {
  append,
  bucket,
  bucketRecord,
  clock,
  DAY,
  type Forecaster,
  HOUR,
  MINUTE,
  NOW,
  openForecaster,
  scratch,
  TODAY,
} from './support/forecaster.ts'

const UNITS = `select minute, category, units, revision from buckets join series on id = series order by all`
const minute = (micros: bigint) => Number(micros / MINUTE)

function slice(from: bigint, events: BucketEvent[], next = from + BigInt(events.length)) {
  const messages = events.map((value, index) => {
    const offset = from + BigInt(index)
    return { value, record: { topic: ORDER_BUCKETS, partition: 0, offset, timestamp: 0, key: null, value: null, headers: {} } }
  })
  return { topic: ORDER_BUCKETS, partition: 0, from, next, messages, deadLettered: [], highWatermark: next }
}

describe('the demand file', () => {
  let files: ReturnType<typeof scratch>
  let forecaster: Forecaster
  beforeEach(async () => {
    files = scratch()
    forecaster = await openForecaster(files.path)
  })
  afterEach(async () => {
    await forecaster.close()
    files.remove()
  })

  it('keeps the higher revision of a bucket, in whatever order they come', async () => {
    const { keeping, rows } = forecaster
    await keeping.handle(slice(0n, [{ bucket: bucket(TODAY, 5, { revision: 20n }) }, { bucket: bucket(TODAY, 4, { revision: 10n }) }]))
    expect(await rows(UNITS)).to.deep.equal([[minute(TODAY), 'Chairs', 5n, 20n]])
    await keeping.handle(slice(2n, [{ bucket: bucket(TODAY, 3, { revision: 15n }) }]))
    expect(await rows(UNITS)).to.deep.equal([[minute(TODAY), 'Chairs', 5n, 20n]])
    await keeping.handle(slice(3n, [{ bucket: bucket(TODAY, 7, { revision: 21n }) }]))
    expect(await rows(UNITS)).to.deep.equal([[minute(TODAY), 'Chairs', 7n, 21n]])
  })

  it('takes nothing from a slice that it has settled, and only the rest of one it has begun', async () => {
    const { keeping, rows } = forecaster
    const [first, second] = [{ bucket: bucket(TODAY, 1) }, { bucket: bucket(TODAY + MINUTE, 2) }]
    await keeping.handle(slice(0n, [first]))
    await keeping.handle(slice(0n, [{ bucket: bucket(TODAY, 9, { revision: 99n }) }]))
    await keeping.handle(slice(0n, [{ bucket: bucket(TODAY, 9, { revision: 99n }) }, second]))
    expect(await rows(UNITS)).to.deep.equal([
      [minute(TODAY), 'Chairs', 1n, 1n],
      [minute(TODAY + MINUTE), 'Chairs', 2n, 1n],
    ])
  })

  it('goes on behind the gaps that compaction leaves', async () => {
    const { keeping } = forecaster
    await keeping.handle(slice(0n, [{ bucket: bucket(TODAY, 1) }]))
    await keeping.handle(slice(40n, [{ bucket: bucket(TODAY + MINUTE, 2) }]))
    expect(keeping.startAt('', 0)).to.equal(41n)
  })

  it('never takes asOf back', async () => {
    const { keeping } = forecaster
    await keeping.handle(slice(0n, [{ asOf: NOW }, { asOf: NOW - 1n }]))
    await keeping.handle(slice(2n, [{ asOf: NOW - 5n }]))
    expect(keeping.state().asOf).to.equal(NOW)
  })

  it('knows position and asOf when it is opened again, and has applied nothing of a slice that failed', async () => {
    await forecaster.keeping.handle(slice(0n, [{ bucket: bucket(TODAY, 1) }, { asOf: NOW }]))
    // Fails behind the merge: no offset is as large.
    const unsaveable = slice(2n, [{ bucket: bucket(TODAY, 8, { revision: 2n }) }], 2n ** 70n)
    const failed = await forecaster.keeping.handle(unsaveable).catch((error: unknown) => error)
    expect(failed).to.be.an.instanceOf(Error)
    await forecaster.close()
    forecaster = await openForecaster(files.path)
    expect(forecaster.keeping.state()).to.deep.equal({ asOf: NOW, positions: new Map([[0, 2n]]) })
    expect(await forecaster.rows('select units from buckets')).to.deep.equal([[1n]])
  })

  it('adds minutes up to closed hours, and tells by the fingerprint when one of them has changed', async () => {
    const { keeping, history } = forecaster
    const hour = NOW - (NOW % HOUR) - 3n * HOUR
    const buckets = [bucket(hour, 1), bucket(hour + 59n * MINUTE, 2), bucket(hour + 60n * MINUTE, 4), bucket(NOW, 8)]
    await keeping.handle(slice(0n, [...buckets.map((one) => ({ bucket: one })), { asOf: NOW + MINUTE }]))
    const question = { category: 'Chairs', currency: 'USD', size: 'hour', measure: 'units', horizon: 1 } as const
    const reading = await history.read(question)
    expect(reading).to.deep.include({ asOf: NOW + MINUTE, known: true })
    expect(reading.sums).to.deep.equal([
      { minute: minute(hour), value: 3 },
      { minute: minute(hour) + 60, value: 4 },
    ])
    await keeping.handle(slice(5n, [{ bucket: bucket(NOW, 9, { revision: 50n }) }]))
    expect((await history.read(question)).fingerprint).to.equal(reading.fingerprint)
    await keeping.handle(slice(6n, [{ bucket: bucket(hour, 2, { revision: 2n }) }]))
    expect((await history.read(question)).fingerprint).to.not.equal(reading.fingerprint)
    expect((await history.read({ ...question, currency: 'EUR' })).known).to.equal(false)
  })
})

describe('a forecaster whose file is gone', () => {
  it('is rebuilt from the start of the topic, though its group has committed further', async () => {
    const files = scratch()
    const other = scratch()
    const log = memoryLog({ clock })
    for (const topic of [ORDER_BUCKETS, ORDER_FORECASTS]) log.createTopic(topic, 1)
    await append(log, [bucket(TODAY - DAY, 1), bucket(TODAY, 2)], NOW)
    const before = await openForecaster(files.path, log)
    await until(() => before.keeping.state().asOf === NOW, { what: 'the topic is read' })
    await before.close()
    await log.append(ORDER_BUCKETS, [bucketRecord(bucket(TODAY + MINUTE, 3))])
    const after = await openForecaster(other.path, log)
    await until(() => after.keeping.startAt('', 0) === 4n, { what: 'the topic is read again' })
    expect(await after.rows('select units from buckets order by minute')).to.deep.equal([[1n], [2n], [3n]])
    await after.close()
    files.remove()
    other.remove()
  })
})
