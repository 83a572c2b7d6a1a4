import { randomUUID } from 'node:crypto'
import { expect } from 'chai'
import { stack } from '../../test/support/stack.ts'
import { until } from '../../test/support/until.ts'
import { kafkaClient } from '../kafka/client.ts'
import { topicConfig } from '../kafka/topic-config.ts'
import { ensureTopics } from '../kafka/topics.ts'
import { StopProcess } from '../process/errors.ts'
import { createLog } from '../process/log.ts'

describe('ensuring topics', () => {
  const brokers = [stack.kafka]
  const topic = `ensure-${randomUUID()}`
  const wanted = { topic, partitions: 3, config: { 'cleanup.policy': 'compact', 'retention.ms': '-1' } }

  after(async () => {
    const admin = kafkaClient({ brokers, clientId: topic, log: createLog(topic, 'silent') }).admin()
    await admin.connect()
    await admin.deleteTopics({ topics: [topic] })
    await admin.disconnect()
  })

  it('creates a topic with its partitions and configuration', async () => {
    expect(await ensureTopics(brokers, [wanted])).to.deep.equal({ created: [topic], altered: [] })
    const live = await topicConfig(brokers, topic)
    expect([live.get('cleanup.policy'), live.get('retention.ms')]).to.deep.equal(['compact', '-1'])
  })

  it('changes nothing when all is as it should be', async () => {
    expect(await ensureTopics(brokers, [wanted])).to.deep.equal({ created: [], altered: [] })
  })

  it('sets configuration that differs', async () => {
    const other = { ...wanted, config: { ...wanted.config, 'retention.ms': '60000' } }
    expect(await ensureTopics(brokers, [other])).to.deep.equal({ created: [], altered: [topic] })
    // The controller answers before the broker that tells the configuration has heard of it.
    await until(async () => (await topicConfig(brokers, topic)).get('retention.ms') === '60000', { what: 'it is set' })
  })

  it('refuses another number of partitions rather than move keys', async () => {
    const fault = await ensureTopics(brokers, [{ ...wanted, partitions: 6 }]).catch((error: unknown) => error)
    expect(fault).to.be.instanceOf(StopProcess).with.property('message').that.contains(`${topic} has 3 partitions, 6 are wanted`)
  })
})
