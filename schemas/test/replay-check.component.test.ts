import { spawnSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { kafkaLog } from '@tally/platform/kafka/log'
import { createLog } from '@tally/platform/process/log'
import { expect } from 'chai'
import { childEnvironment } from '../../test/support/config.ts'
import { stack } from '../../test/support/stack.ts'

const main = new URL('../replay-check.ts', import.meta.url).pathname

/** `make schema-replay-check N=…` */
const replayCheck = (N: string) =>
  spawnSync(process.execPath, [main], {
    env: childEnvironment({ KAFKA_BROKERS: stack.kafka, SCHEMA_REGISTRY_URL: stack.schemaRegistryUrl, N }),
    encoding: 'utf8',
  })

describe('reading real records with this checkout’s schemas', () => {
  it('says for each topic how many of the newest records it can read', () => {
    const { stdout } = replayCheck('20')
    for (const topic of ['order-events', 'order-buckets', 'order-forecasts'])
      expect(stdout).to.match(new RegExp(`^${topic}: \\d+ of \\d+ read with this checkout's schema$`, 'm'))
  })

  it('names a record that this checkout cannot read, and fails', async () => {
    const log = kafkaLog({ brokers: [stack.kafka], clientId: 'replay-check-test', log: createLog('test', 'silent') })
    const key = Buffer.from(`test-${randomUUID()}`)
    try {
      // The one topic that nothing consumes.
      await log.append('order-forecasts', [{ key, value: Buffer.from('\u0001 no Avro') }])
      const { status, stdout } = replayCheck('1')
      expect(status, stdout).to.equal(1)
      expect(stdout).to.match(/^order-forecasts \d+:\d+ undecodable: /m)
    } finally {
      await log.append('order-forecasts', [{ key, value: null }])
      await log.close()
    }
  })
})
