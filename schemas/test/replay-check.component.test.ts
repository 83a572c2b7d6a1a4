import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect } from 'chai'
import { childEnvironment } from '../../test/support/config.ts'
import { stack } from '../../test/support/stack.ts'

const main = new URL('../src/replay-check.ts', import.meta.url).pathname

describe('reading real records with this checkout’s schemas', () => {
  it('says for each topic how many of the newest records it can read', async () => {
    const env = childEnvironment({ KAFKA_BROKERS: stack.kafka, SCHEMA_REGISTRY_URL: stack.schemaRegistryUrl, N: '20' })
    const { stdout } = await promisify(execFile)(process.execPath, [main], { env }).catch((error: { stdout: string }) => error)
    for (const topic of ['order-events', 'order-buckets', 'order-forecasts'])
      expect(stdout).to.match(new RegExp(`^${topic}: \\d+ of \\d+ read with this checkout's schema$`, 'm'))
  })
})
