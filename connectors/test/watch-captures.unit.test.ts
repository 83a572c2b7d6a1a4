import { Unavailable } from '@tally/platform/process/errors'
import { createLog } from '@tally/platform/process/log'
import { expect } from 'chai'
import { until } from '../../test/support/until.ts'
import type { CaptureFacts } from '../capture/capture.ts'
import { type Look, watchCaptures } from '../capture/watch-captures.ts'
import type { ConnectorStatus } from '../connect/status.ts'

const NOW = Date.parse('2026-11-24T12:00:00Z')
const CONNECTOR = { name: 'c', config: { 'slot.name': 's', 'publication.name': 'p', 'table.include.list': 'public.outbox' } }
const worked = (state: string, trace?: string) => ({ state, worker_id: 'w:1', trace })
const running: ConnectorStatus = { name: 'c', connector: worked('RUNNING'), tasks: [{ id: 0, ...worked('RUNNING') }] }
const failed: ConnectorStatus = {
  name: 'c',
  connector: worked('RUNNING'),
  tasks: [{ id: 0, ...worked('FAILED', 'a.B: x\nCaused by: c.PSQLException: gone\n') }],
}
const whole: CaptureFacts = {
  slot: { active: true, walStatus: 'reserved', confirmedLsn: 1n, retainedBytes: 1, budgetBytes: undefined },
  published: ['public.outbox'],
  heartbeatAgeMs: 100,
  newestEventMs: undefined,
  nowMs: NOW,
}

describe('watching a connector', () => {
  type World = {
    status: () => Promise<ConnectorStatus | undefined>
    offsets: () => Promise<{ offsets: unknown[] }>
    facts: () => Promise<CaptureFacts>
  }

  /** What was seen, `watchedMs` after the watch began. */
  async function look(world: Partial<World>, watchedMs = 60_000): Promise<Look | undefined> {
    const clock = { at: 0, now: () => clock.at }
    const connect = { status: world.status ?? (async () => running), offsets: world.offsets ?? (async () => ({ offsets: [] })) }
    const capture = { facts: world.facts ?? (async () => whole) }
    let looks = 0
    const status = () => {
      looks += 1
      clock.at = watchedMs
      return connect.status()
    }
    const watch = watchCaptures([CONNECTOR], { connect: { ...connect, status }, capture, clock, log: createLog('t', 'silent') }, 1)
    await until(() => looks > 2, { what: 'a second look' })
    await watch.stop()
    return watch.looks().get('c')
  }

  const signs = async (world: Partial<World>, watchedMs?: number): Promise<Record<string, string>> =>
    Object.fromEntries((await look(world, watchedMs))?.signs ?? [])

  const away = async () => {
    throw new Unavailable('does not answer')
  }
  const held: ConnectorStatus = { name: 'c', connector: worked('PAUSED'), tasks: [{ id: 0, ...worked('PAUSED') }] }
  const late = async () => ({ ...whole, heartbeatAgeMs: 11_000 })

  it('sees nothing wrong where nothing is', async () => {
    expect(await signs({})).to.deep.equal({})
  })

  it('tells by name what is wrong, with the way back', async () => {
    const cases: [string, Partial<World>, string][] = [
      ['connect-away', { status: away }, 'does not answer'],
      ['database-away', { facts: away }, 'does not answer'],
      ['not-running', { status: async () => failed }, 'PSQLException: gone. Way back: make connect-status'],
      ['not-running', { status: async () => undefined }, 'make connect-apply'],
      ['held', { status: async () => held }, 'paused by someone: make connect-resume'],
      ['slot-missing', { facts: async () => ({ ...whole, slot: undefined }) }, 'make connect-recover'],
      ['publication-missing', { facts: async () => ({ ...whole, published: undefined }) }, 'make connect-restart-failed'],
      ['heartbeat-late', { facts: late }, 'make connect-status'],
    ]
    for (const [sign, world, wayBack] of cases) {
      const seen = await signs(world)
      expect(Object.keys(seen)).to.deep.equal([sign])
      expect(seen[sign]).to.contain(wayBack)
    }
  })

  it('blames Connect for offsets that it does not tell, and goes on telling what the database says', async () => {
    const offsets = async () => {
      throw new Unavailable('Request timed out')
    }
    const facts = async () => ({ ...whole, slot: undefined, heartbeatAgeMs: 11_000 })
    const seen = await look({ offsets, facts })
    expect([...(seen?.signs.keys() ?? [])]).to.have.members(['connect-away', 'slot-missing', 'heartbeat-late'])
    expect(seen?.signs.get('connect-away')).to.match(/stored offsets, which it reads from Kafka: Request timed out$/)
    expect(seen?.capture?.facts, 'what the metrics are made of').to.deep.equal(await facts())
    expect(seen?.capture?.offset).to.equal(undefined)
  })

  it('calls a heartbeat late only once it had the time to come', async () => {
    expect(await signs({ facts: late }, 9_999)).to.deep.equal({})
    expect(await signs({ facts: late }, 10_000)).to.have.property('heartbeat-late')
  })

  it('says that it is not alive while a look does not end, for more than a minute', async () => {
    const clock = { at: 0, now: () => clock.at }
    const answered = Promise.withResolvers<ConnectorStatus>()
    const connect = { status: () => answered.promise, offsets: async () => ({ offsets: [] }) }
    const watch = watchCaptures(
      [CONNECTOR],
      { connect, capture: { facts: async () => whole }, clock, log: createLog('t', 'silent') },
      3_600_000,
    )
    clock.at = 60_000
    expect(watch.live()).to.equal(undefined)
    clock.at = 61_000
    expect(watch.live()).to.equal('it has not looked for 61 s')
    answered.resolve(running)
    await until(() => watch.live() === undefined, { what: 'the look has ended' })
    await watch.stop()
  })
})
