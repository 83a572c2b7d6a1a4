import { expect } from 'chai'
import { Registry } from 'prom-client'
import { countMetrics } from '../metrics.ts'
import { memoryCounts } from './support/memory-counts.ts'
import { handClock, NOW } from './support/orders.ts'

describe('the metrics of the aggregator', () => {
  it('are told while the changes to be published cannot be read, without their number', async () => {
    const registry = new Registry()
    const state = { ...memoryCounts().state, asOf: BigInt(NOW - 5_000) * 1000n }
    let dirty: () => Promise<number> = async () => 7
    countMetrics(
      [registry],
      () => state,
      () => dirty(),
      handClock(),
    )
    const told = async () => (await registry.metrics()).split('\n').filter((line) => /^aggregator_(dirty|as_of)/.test(line))
    expect(await told()).to.deep.equal(['aggregator_as_of_age_seconds 5', 'aggregator_dirty_buckets 7'])
    dirty = () => Promise.reject(new Error('connection closed'))
    expect(await told()).to.deep.equal(['aggregator_as_of_age_seconds 5'])
    dirty = async () => 0
    expect(await told()).to.deep.equal(['aggregator_as_of_age_seconds 5', 'aggregator_dirty_buckets 0'])
  })
})
