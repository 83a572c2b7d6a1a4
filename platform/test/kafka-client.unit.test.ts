import { expect } from 'chai'
import createRetry from 'kafkajs/src/retry/index.js'
import { RETRY } from '../kafka/client.ts'

describe('waits before reconnecting to Kafka', () => {
  const { initialRetryTime, factor, multiplier, retries, maxRetryTime } = RETRY

  it('differ between clients that were cut off at the same moment', async () => {
    const first = () => createRetry(RETRY)((_bail, _count, waitMs) => Promise.resolve(waitMs))
    const waits = await Promise.all(Array.from({ length: 50 }, first))
    expect(new Set(waits).size).to.be.greaterThan(20)
    for (const waitMs of waits) expect(waitMs).to.be.within(initialRetryTime * (1 - factor), initialRetryTime * (1 + factor) + 1)
  })

  it('never reach the longest wait, at which all would be alike', () => {
    const longest = initialRetryTime * (1 + factor) * (multiplier * (1 + factor)) ** (retries - 1)
    expect(longest).to.be.lessThan(maxRetryTime)
  })
})
