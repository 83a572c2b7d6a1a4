import { expect } from 'chai'
import { TOPICS } from '../contract/topic-table.ts'
import * as topics from '../contract/topics.ts'

const DAY_MS = 86_400_000
/** What the aggregator remembers of event ids, by default: docs/guarantees.md. */
const DEDUP_WINDOW_DAYS = 8

const configOf = (name: string) => TOPICS.find(({ topic }) => topic === name)?.config ?? {}

describe('the topic table', () => {
  it('has every topic once', () => {
    const named = Object.values(topics).filter((value) => typeof value === 'string')
    const groups = [topics.AGGREGATOR, topics.FORECASTER] as string[]
    const letters = [topics.dlqOf, topics.parkedOf].flatMap((of) => [
      of(topics.ORDER_EVENTS, topics.AGGREGATOR),
      of(topics.ORDER_BUCKETS, topics.FORECASTER),
    ])
    const expected = [...named.filter((name) => !groups.includes(name) && !name.endsWith('Header') && name.includes('-')), ...letters]
    expect(TOPICS.map(({ topic }) => topic)).to.include.members(expected)
    expect(new Set(TOPICS.map(({ topic }) => topic)).size).to.equal(TOPICS.length)
  })

  it('keeps no event longer than its id is remembered, the open segment included', () => {
    const { 'retention.ms': retention, 'segment.ms': segment } = configOf(topics.ORDER_EVENTS)
    expect(Number(retention)).to.equal(7 * DAY_MS)
    expect(Number(retention) + Number(segment)).to.be.below(DEDUP_WINDOW_DAYS * DAY_MS)
  })

  it('keeps failed records, and what was done with them, without limit', () => {
    for (const { topic, config } of TOPICS.filter(({ topic }) => /-(dlq|parked|audit)$/.test(topic))) {
      expect(config, topic).to.include({ 'cleanup.policy': 'delete', 'retention.ms': '-1', 'retention.bytes': '-1' })
    }
  })

  it('keeps the newest bucket and forecast of each key, each topic in one order', () => {
    for (const name of [topics.ORDER_BUCKETS, topics.ORDER_FORECASTS]) {
      expect(configOf(name), name).to.include({ 'cleanup.policy': 'compact' })
      expect(TOPICS.find(({ topic }) => topic === name)?.partitions, name).to.equal(1)
    }
  })

  it('keeps heartbeats for hours only', () => {
    for (const name of [topics.HEARTBEATS, topics.CONNECTOR_HEARTBEATS])
      expect(Number(configOf(name)['retention.ms']), name).to.be.below(DAY_MS)
  })
})
