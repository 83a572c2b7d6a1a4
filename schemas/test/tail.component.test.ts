import { spawnSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { confluentRegistry } from '@tally/platform/avro/registry'
import { kafkaLog } from '@tally/platform/kafka/log'
import { createLog } from '@tally/platform/process/log'
import type { RecordLog } from '@tally/platform/records/record-log'
import { expect } from 'chai'
import { childEnvironment } from '../../test/support/config.ts'
import { stack } from '../../test/support/stack.ts'
import { createTopics, deleteTopics } from '../../test/support/topics.ts'
import { schemaOf } from '../contract/files.ts'
import { ORDER_EVENTS, subjectOf } from '../contract/topics.ts'

const golden = JSON.parse(readFileSync(new URL('golden/order-events-value-1.json', import.meta.url), 'utf8'))

/** A command of schemas/ as a user runs it. */
function run(file: string, variables: Record<string, string>) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [new URL(`../${file}`, import.meta.url).pathname], {
    env: childEnvironment({ KAFKA_BROKERS: stack.kafka, SCHEMA_REGISTRY_URL: stack.schemaRegistryUrl, ...variables }),
    encoding: 'utf8',
  })
  return { status, stdout, stderr }
}

describe('make tail, on Kafka', () => {
  const topic = `test-tail-${randomUUID()}`
  let log: RecordLog
  before(async () => {
    log = kafkaLog({ brokers: [stack.kafka], clientId: 'tail-test', log: createLog('test', 'silent') })
    await createTopics({ [topic]: 1 })
    const schemaId = await confluentRegistry(stack.schemaRegistryUrl).idOf(subjectOf(ORDER_EVENTS), schemaOf(ORDER_EVENTS))
    const frame = Buffer.alloc(5)
    frame.writeInt32BE(schemaId, 1)
    const value = Buffer.concat([frame, Buffer.from(golden.body, 'hex')])
    await log.append(topic, [
      { key: Buffer.from('7'), value, headers: { id: Buffer.from('7') } },
      { key: Buffer.from('8'), value: Buffer.from('\u0001 no Avro') },
    ])
  })
  after(async () => {
    await log.close()
    await deleteTopics([topic])
  })

  it('prints a line of JSON for each record, decoded, and what cannot be decoded as hex', () => {
    const { status, stdout } = run('tail.ts', { TOPIC: topic, FROM: 'start' })
    const [decoded, undecodable] = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(status).to.equal(0)
    expect(decoded).to.deep.include({ topic, offset: '0', key: '7', headers: { id: '7' } })
    expect(decoded.value).to.deep.include(golden.value)
    expect(undecodable).to.include({ offset: '1', key: '8' }).and.have.property('undecodable')
  })

  it('shows one key, and no more than N', () => {
    expect(run('tail.ts', { TOPIC: topic, KEY: '7' }).stdout.trim().split('\n')).to.have.lengthOf(1)
    expect(JSON.parse(run('tail.ts', { TOPIC: topic, N: '1' }).stdout)).to.include({ offset: '1' })
  })

  it('names a topic that is not there, and a bad FROM', () => {
    const missing = run('tail.ts', { TOPIC: `${topic}-none` })
    expect(missing.status).to.equal(1)
    expect(missing.stderr).to.include(`${topic}-none`)
    const bad = run('tail.ts', { TOPIC: topic, FROM: 'yesterday' })
    expect(bad.status).to.equal(78)
    expect(bad.stderr).to.include('FROM').and.include('such as')
  })
})
