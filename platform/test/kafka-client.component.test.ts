import type { LogRecord } from '@tally/platform/record-log'
import { expect } from 'chai'
import { until } from '../../test/support/until.ts'
import { testKafka } from './support/kafka.ts'

describe('the Kafka client', () => {
  const kafka = testKafka('client')
  const { recordLog, admin } = kafka
  const warnings: string[] = []
  const note = ({ name, message }: Error) => warnings.push(`${name}: ${message}`)

  before(async () => {
    process.on('warning', note)
    await kafka.connect()
  })
  after(async () => {
    process.off('warning', note)
    await kafka.close()
  })

  for (const compression of ['zstd', 'gzip', 'uncompressed']) {
    it(`reads what the broker keeps ${compression}`, async () => {
      const topic = kafka.uniqueName()
      const configEntries = [{ name: 'compression.type', value: compression }]
      await kafka.createTopic(topic, 1, configEntries)
      const values = Array.from({ length: 100 }, (_, n) => Buffer.from(`value ${n} `.repeat(50)))
      await recordLog.append(
        topic,
        values.map((value) => ({ key: null, value })),
      )
      const seen: LogRecord[] = []
      const consumer = await recordLog.subscribe({
        topics: [topic],
        group: kafka.uniqueName(),
        temporary: true,
        startAt: () => 0n,
        async onBatch({ records }) {
          seen.push(...records)
        },
      })
      await until(() => seen.length === values.length, { what: 'all come' })
      await consumer.stop()
      expect(seen.map(({ value }) => value)).to.deep.equal(values)
    })
  }

  it('leaves no temporary group behind', async () => {
    const topic = await kafka.newTopic(1)
    const group = kafka.uniqueName()
    const consumer = await recordLog.subscribe({ topics: [topic], group, temporary: true, startAt: () => 0n, onBatch: async () => {} })
    const groups = async () => (await admin.listGroups()).groups.map(({ groupId }) => groupId)
    expect(await groups()).to.include(group)
    await consumer.stop()
    expect(await groups()).not.to.include(group)
  })

  it('sets no timer of negative length, of which Node would warn', () => {
    expect(warnings).to.deep.equal([])
  })
})
