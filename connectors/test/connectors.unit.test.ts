import { readFileSync } from 'node:fs'
import { StopProcess, Unavailable } from '@tally/platform/process/errors'
import { firstTsidAt } from '@tally/platform/process/ids'
import * as topics from '@tally/schemas/contract/topics'
import { expect } from 'chai'
import { applyConnector } from '../connect/apply.ts'
import { faultText } from '../connect/config-fault.ts'
import { type ConnectorConfig, differences, differenceText, plainSecrets } from '../connect/connector.ts'
import { readConnectors } from '../connect/files.ts'
import { type ConnectorStatus, isRunning, rootCause, statusText } from '../connect/status.ts'
import { eventRange, firstEvent } from '../resend/event-range.ts'
import { command } from './support/command.ts'

const NOW = Date.parse('2026-11-24T12:00:00Z')
const worked = (state: string, trace?: string) => ({ state, worker_id: 'w:1', trace })
const status = (connector: string, ...tasks: string[]): ConnectorStatus => ({
  name: 'c',
  connector: worked(connector),
  tasks: tasks.map((state, id) => ({ id, ...worked(state, state === 'FAILED' ? TRACE : undefined) })),
})
const TRACE =
  'org.apache.kafka.connect.errors.ConnectException: outer\n\tat a.b(C.java:1)\nCaused by: org.postgresql.util.PSQLException: slot is gone\n\t... 3 more\n'

describe('a connector command', () => {
  it('that there is not is refused with 2 and the list of those there are', async () => {
    for (const verb of ['aply', 'constructor', 'toString']) {
      const { exitCode, stderr } = await command(verb, [])
      expect(exitCode, verb).to.equal(2)
      expect(stderr).to.contain(`"${verb}" is no command; there are: validate, diff`)
    }
  })
})

describe('the outbox connector of this checkout', () => {
  const [connector] = readConnectors()
  const config = connector?.config ?? {}

  it('writes to the topics that the services read', () => {
    expect(config['transforms.outbox.route.topic.replacement']).to.equal(topics.ORDER_EVENTS)
    for (const [table, topic] of [
      ['dbz_heartbeat', topics.HEARTBEATS],
      ['dbz_signal', topics.SIGNALS],
    ])
      expect(`${config['topic.prefix']}.public.${table}`).to.equal(topic)
    expect(`__debezium-heartbeat.${config['topic.prefix']}`).to.equal(topics.CONNECTOR_HEARTBEATS)
  })

  it('holds no secret', () => {
    expect(plainSecrets(config)).to.deep.equal([])
  })

  it('reads the slot and publication that the migrations make, and its heartbeat tells that slot’s position', () => {
    const migration = readFileSync(new URL('../../ingest-api/migrations/0006-capture.sql', import.meta.url), 'utf8')
    expect(migration).to.contain(`create publication ${config['publication.name']} `)
    expect(config['heartbeat.action.query']).to.contain(`slot_name = '${config['slot.name']}'`)
  })

  it('never takes a snapshot on its own, and stops rather than skip', () => {
    expect(config).to.include({
      'snapshot.mode': 'no_data',
      'offset.mismatch.strategy': 'trust_offset',
      'publication.autocreate.mode': 'disabled',
    })
    expect(config).to.include({ 'transforms.outbox.table.op.invalid.behavior': 'fatal', 'producer.override.acks': 'all' })
  })
})

describe('a difference', () => {
  it('is told key by key, the name the worker adds left out', () => {
    const found = differences({ name: 'c', a: '1', b: '2' }, { a: '1', b: '3', c: '4' })
    expect(found.map(differenceText)).to.deep.equal(['  - b = 2\n  + b = 3', '  + c = 4'])
  })

  it('never repeats a secret', () => {
    const [found] = differences({ 'database.password': 'hunter2' }, { 'database.password': '$' + '{env:DBZ_PASSWORD}' })
    expect(found && differenceText(found))
      .to.contain('env:DBZ_PASSWORD')
      .and.not.contain('hunter2')
  })
})

describe('a status', () => {
  it('runs when the connector and every task do, and there is one', () => {
    expect(isRunning(status('RUNNING', 'RUNNING'))).to.equal(true)
    for (const other of [
      status('RUNNING'),
      status('RUNNING', 'RUNNING', 'FAILED'),
      status('PAUSED', 'RUNNING'),
      status('RUNNING', 'UNASSIGNED'),
    ])
      expect(isRunning(other)).to.equal(false)
  })

  it('shows the root cause of a failed task in one line, the whole trace when asked', () => {
    expect(rootCause(TRACE)).to.equal('PSQLException: slot is gone')
    expect(statusText(status('RUNNING', 'FAILED')))
      .to.contain('PSQLException: slot is gone')
      .and.not.contain('outer')
    expect(statusText(status('RUNNING', 'FAILED'), true))
      .to.contain('outer')
      .and.contain('... 3 more')
  })
})

describe('a configuration fault', () => {
  it('is told once with what is allowed', () => {
    const text = faultText({ key: 'k', value: 'v', errors: ['no', 'no'], allowed: Array.from({ length: 14 }, (_, n) => `a${n}`) })
    expect(text).to.match(/^ {2}k = v\n {4}no\n {4}allowed: a0, .*a11, … 2 more$/)
  })
})

describe('a range of events', () => {
  const NOON = '2026-11-24T11:00:00Z'
  const [FIFTH, NINTH] = ['380000000000000005', '380000000000000009']
  it('is ids, both ends included, or times, the end excluded', () => {
    expect(eventRange(FIFTH, NINTH, NOW)).to.deep.equal({ from: BigInt(FIFTH), to: BigInt(NINTH) })
    expect(eventRange('2026-11-24T10:00:00Z', NOON, NOW)).to.deep.equal({
      from: firstTsidAt(NOW - 7_200_000),
      to: firstTsidAt(NOW - 3_600_000) - 1n,
    })
  })
  it('never reaches beyond now', () => {
    expect(eventRange(NOON, '2030-01-01T00:00:00Z', NOW).to).to.equal(firstTsidAt(NOW) - 1n)
  })
  it('is refused when an end is missing, unreadable or before the other', () => {
    for (const [from, to] of [
      [undefined, FIFTH],
      [FIFTH, undefined],
      ['yesterday', FIFTH],
      [NINTH, FIFTH],
      ['2030-01-01T00:00:00Z', '2031-01-01T00:00:00Z'],
    ] as const)
      expect(() => eventRange(from, to, NOW), `${from} ${to}`).to.throw(StopProcess)
  })
  it('is refused when a day or a second count was meant, which an id never is, and says how a time is written', () => {
    for (const text of ['20261124', '1795478400', '1795478400000', '1795478400000000', '5'])
      for (const read of [() => eventRange(text, NINTH, NOW), () => eventRange(FIFTH, text, NOW), () => firstEvent(text, NOW)])
        expect(read, text).to.throw(StopProcess, `${text} is too short for an event id`).with.property('exitCode', 2)
    expect(() => firstEvent('20261124', NOW)).to.throw(StopProcess, 'FROM=2026-11-24T00:00:00Z')
  })
  it('begins before now', () => {
    expect(firstEvent(NOON, NOW)).to.equal(firstTsidAt(NOW - 3_600_000))
    expect(() => firstEvent('2027-11-24T00:00:00Z', NOW)).to.throw(StopProcess, 'is not before now')
  })
})

describe('applying', () => {
  /** A Connect of one connector that answers with the given states, one after the other. */
  function fakeConnect(live: ConnectorConfig | undefined, states: ConnectorStatus[]) {
    const told: string[] = []
    const port = {
      validate: async () => [],
      config: async () => live,
      put: async () => void told.push('put'),
      restartFailed: async () => void told.push('restart'),
      status: async () => (states.length > 1 ? states.shift() : states[0]),
    }
    return { told, port }
  }
  const wanted = { name: 'c', config: { a: '1' } }
  const patience = () => {
    const clock = { at: 0, now: () => (clock.at += 50) }
    return { clock, deadlineMs: 60_000, pollMs: 0 }
  }
  const fault = (work: Promise<unknown>) => work.catch((error: unknown) => error)

  it('leaves alone what is as wanted and runs', async () => {
    const { told, port } = fakeConnect({ name: 'c', a: '1' }, [status('RUNNING', 'RUNNING')])
    expect(await applyConnector(port, wanted, patience())).to.equal('unchanged')
    expect(told).to.deep.equal([])
  })

  it('restarts what is as wanted but failed, and does not take the old failure for an answer', async () => {
    const { told, port } = fakeConnect({ a: '1' }, [status('RUNNING', 'FAILED'), status('RUNNING', 'FAILED'), status('RUNNING', 'RUNNING')])
    expect(await applyConnector(port, wanted, patience())).to.equal('unchanged')
    expect(told).to.deep.equal(['restart'])
  })

  it('gives up on a failure that stays', async () => {
    const { port } = fakeConnect({ a: '1' }, [status('RUNNING', 'FAILED')])
    expect(await fault(applyConnector(port, wanted, patience())))
      .to.be.instanceOf(StopProcess)
      .with.property('message')
      .that.contains('PSQLException: slot is gone')
  })

  it('does not take a RUNNING that turns into a failure for success', async () => {
    const { port } = fakeConnect(undefined, [status('RUNNING', 'RUNNING'), status('RUNNING', 'RUNNING'), status('RUNNING', 'FAILED')])
    expect(await fault(applyConnector(port, wanted, patience()))).to.be.instanceOf(StopProcess)
  })

  it('waits while Connect is away or rebalancing', async () => {
    const { told, port } = fakeConnect(undefined, [status('RUNNING', 'RUNNING')])
    let refusals = 2
    const put = async () => {
      refusals -= 1
      if (refusals >= 0) throw new Unavailable('rebalancing')
      return port.put()
    }
    expect(await applyConnector({ ...port, put }, wanted, patience())).to.equal('created')
    expect(told).to.deep.equal(['put'])
  })

  it('says in what state it was left when the deadline passes', async () => {
    const { port } = fakeConnect(undefined, [status('RUNNING', 'UNASSIGNED')])
    expect(await fault(applyConnector(port, wanted, patience())))
      .to.be.instanceOf(StopProcess)
      .with.property('message')
      .that.contains('connector RUNNING, task 0 UNASSIGNED')
  })
})

describe('the files of this checkout', () => {
  it('are one configuration for each environment, what the environment says on top', () => {
    const [plain] = readConnectors()
    const [production] = readConnectors({ environment: 'production' })
    expect(differences(plain?.config ?? {}, production?.config ?? {})).to.deep.equal([
      { key: 'database.sslmode', live: undefined, wanted: 'require' },
    ])
  })

  it('say which environments there are, when asked for another', () => {
    expect(() => readConnectors({ environment: 'moon' }))
      .to.throw(StopProcess)
      .with.property('message')
      .that.contains('one of: production')
  })
})
