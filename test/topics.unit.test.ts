import { deadLetterTopic } from '@tally/platform/records/dead-letter'
import { AGGREGATOR, dlqOf, FORECASTER, ORDER_BUCKETS, ORDER_EVENTS } from '@tally/schemas/contract/topics'
import { expect } from 'chai'

describe('dead letter topics', () => {
  it('are created under the names that the loop writes to', () => {
    for (const topic of [ORDER_EVENTS, ORDER_BUCKETS])
      for (const group of [AGGREGATOR, FORECASTER]) expect(deadLetterTopic(topic, group)).to.equal(dlqOf(topic, group))
  })
})
