import { StopProcess } from '@tally/platform/errors'
import { firstTsidAt } from '@tally/platform/tsid'
import { expect } from 'chai'
import type { EventRange } from '../src/event-range.ts'
import { recoverConnector } from '../src/recover-connector.ts'
import type { ConnectorStatus } from '../src/status.ts'

const NOW = Date.parse('2026-11-24T12:00:00Z')
const DAY_MS = 86_400_000
const CONNECTOR = { name: 'c', config: { 'slot.name': 's', 'publication.name': 'p', 'table.include.list': 'public.outbox' } }
const worked = (state: string) => ({ state, worker_id: 'w:1' })

describe('recovering, where partitions of the gap may be gone', () => {
  /** Recovers a connector without a slot whose last offset is `offsetMs`; the outbox keeps `days`. */
  async function recovered(
    days: string[],
    { offsetMs = NOW, since, unfinished }: { offsetMs?: number; since?: bigint; unfinished?: bigint },
  ) {
    const clock = { at: NOW, now: () => (clock.at += 100) }
    const told: string[] = []
    const sent: EventRange[] = []
    let state = 'RUNNING'
    const turn = (verb: string, next: string) => async () => {
      told.push(verb)
      state = next
    }
    const connect = {
      status: async (): Promise<ConnectorStatus> => ({
        name: 'c',
        connector: worked(state),
        tasks: state === 'RUNNING' ? [{ id: 0, ...worked('RUNNING') }] : [],
      }),
      config: async () => (unfinished === undefined ? CONNECTOR.config : { ...CONNECTOR.config, 'recovering.from': String(unfinished) }),
      offsets: async () => ({ offsets: [{ offset: { lsn: 5, ts_usec: offsetMs * 1_000 } }] }),
      put: async () => void told.push('put'),
      stop: turn('stop', 'STOPPED'),
      resume: turn('resume', 'RUNNING'),
      resetOffsets: async () => void told.push('reset'),
    }
    const capture = {
      facts: async () => ({ slot: undefined, published: ['public.outbox'], heartbeatAgeMs: 0, newestEventMs: NOW, nowMs: NOW }),
      recreateSlot: async () => void told.push('slot'),
      newestEvent: async () => firstTsidAt(NOW),
    }
    const reemit = async (range: EventRange) => sent.push(range)
    const ports = { connect, capture, days: async () => days, reemit, print: () => {} }
    const error: unknown = await recoverConnector(CONNECTOR, ports, since, { clock, deadlineMs: 60_000, pollMs: 0 }).catch((e) => e)
    return { error, told, sent }
  }

  const tenDaysAgo = NOW - 10 * DAY_MS

  it('refuses a gap that begins before the oldest day there is, touches nothing, and names that day and the way on', async () => {
    for (const gap of [{ offsetMs: tenDaysAgo }, { unfinished: firstTsidAt(tenDaysAgo) }]) {
      const { error, told, sent } = await recovered(['20261116', '20261124'], gap)
      expect(error).to.be.instanceOf(StopProcess).with.property('message')
      expect(String(error)).to.contain('no event before 2026-11-16').and.contain('make connect-recover FROM=2026-11-16T00:00:00Z')
      expect(error).to.have.property('exitCode', 1)
      expect(told).to.deep.equal([])
      expect(sent).to.deep.equal([])
    }
  })

  it('sends what there is when FROM was given by hand', async () => {
    const { error, sent } = await recovered(['20261116', '20261124'], { offsetMs: tenDaysAgo, since: firstTsidAt(tenDaysAgo) })
    expect(error).to.equal(undefined)
    expect(sent).to.deep.equal([{ from: firstTsidAt(tenDaysAgo), to: firstTsidAt(NOW) }])
  })

  it('sends a gap of which every day is there', async () => {
    const { error, told, sent } = await recovered(['20261114', '20261124'], { offsetMs: tenDaysAgo })
    expect(error).to.equal(undefined)
    expect(told).to.deep.equal(['stop', 'put', 'reset', 'slot', 'resume', 'put'])
    expect(sent.map(({ from }) => from)).to.deep.equal([firstTsidAt(tenDaysAgo - 600_000)])
  })

  it('takes an outbox made today for young, not for one that lost what was before', async () => {
    const { error } = await recovered(['20261124'], { offsetMs: NOW - 12 * 3_600_000 + 300_000 })
    expect(error).to.equal(undefined)
  })
})
