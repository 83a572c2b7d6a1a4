import { StopProcess } from '@tally/platform/process/errors'
import { firstTsidAt } from '@tally/platform/process/ids'
import { expect } from 'chai'
import type { ConnectorStatus } from '../connect/status.ts'
import type { EventRange } from '../resend/event-range.ts'
import { recoverConnector } from '../resend/recover-connector.ts'

const NOW = Date.parse('2026-11-24T12:00:00Z')
const DAY_MS = 86_400_000
const CONNECTOR = { name: 'c', config: { 'slot.name': 's', 'publication.name': 'p', 'table.include.list': 'public.outbox' } }
const worked = (state: string) => ({ state, worker_id: 'w:1' })

const SLOT = { active: true, walStatus: 'reserved', confirmedLsn: 5n, retainedBytes: 1, budgetBytes: undefined }
const MARGIN_MS = 600_000

type Given = {
  /** Undefined: none is stored. */
  offsetMs?: number | undefined
  /** What the operator typed as FROM. */
  since?: bigint
  /** Where a recovery that did not finish began. */
  unfinished?: bigint
  /** The slot is there, and not ahead. */
  healthy?: boolean
  days?: string[]
  yes?: boolean
}

/** Recovers a connector without a slot, whose last offset is of now. */
async function recovered(given: Given = {}) {
  const { offsetMs = NOW, since, unfinished, healthy = false, days = ['20260101', '20261124'], yes = false } = given
  const clock = { at: NOW, now: () => (clock.at += 100) }
  const [told, sent, asked, printed]: [string[], EventRange[], string[], string[]] = [[], [], [], []]
  let state = 'RUNNING'
  const turn = (verb: string, next: string) => async () => {
    told.push(verb)
    state = next
  }
  const offsets = 'offsetMs' in given && given.offsetMs === undefined ? [] : [{ offset: { lsn: 5, ts_usec: offsetMs * 1_000 } }]
  const connect = {
    status: async (): Promise<ConnectorStatus> => ({
      name: 'c',
      connector: worked(state),
      tasks: state === 'RUNNING' ? [{ id: 0, ...worked('RUNNING') }] : [],
    }),
    config: async () => (unfinished === undefined ? CONNECTOR.config : { ...CONNECTOR.config, 'recovering.from': String(unfinished) }),
    offsets: async () => ({ offsets }),
    put: async () => void told.push('put'),
    stop: turn('stop', 'STOPPED'),
    resume: turn('resume', 'RUNNING'),
    resetOffsets: async () => void told.push('reset'),
  }
  const slot = healthy ? SLOT : undefined
  const capture = {
    facts: async () => ({ slot, published: ['public.outbox'], heartbeatAgeMs: 0, newestEventMs: NOW, nowMs: NOW }),
    recreateSlot: async () => void told.push('slot'),
    newestEvent: async () => firstTsidAt(NOW),
  }
  const ports = {
    ...{ connect, capture },
    days: async () => days,
    reemit: async (range: EventRange) => sent.push(range),
    async confirm(what: string) {
      asked.push(what)
      if (!yes) throw new StopProcess('not confirmed', 4)
    },
    print: (line: string) => void printed.push(line),
  }
  const error: unknown = await recoverConnector(CONNECTOR, ports, since, { clock, deadlineMs: 60_000, pollMs: 0 }).catch((e) => e)
  return { error, text: String(error), told, sent, asked, verdict: printed.at(-1) }
}

const WHOLE = ['stop', 'put', 'reset', 'slot', 'resume', 'put']
const gapStart = firstTsidAt(NOW - MARGIN_MS)

describe('recovering, where partitions of the gap may be gone', () => {
  const tenDaysAgo = NOW - 10 * DAY_MS
  const days = ['20261116', '20261124']

  it('refuses a gap that begins before the oldest day there is, touches nothing, and names that day and the way on', async () => {
    for (const gap of [{ offsetMs: tenDaysAgo }, { unfinished: firstTsidAt(tenDaysAgo) }]) {
      const { error, told, sent } = await recovered({ days, ...gap })
      expect(error).to.be.instanceOf(StopProcess).with.property('message')
      expect(String(error)).to.contain('no event before 2026-11-16').and.contain('make connect-recover FROM=2026-11-16T00:00:00Z')
      expect(error).to.have.property('exitCode', 1)
      expect(told).to.deep.equal([])
      expect(sent).to.deep.equal([])
    }
  })

  it('sends what there is when the FROM that it named is given, and does not call the gap closed', async () => {
    const since = firstTsidAt(Date.parse('2026-11-16'))
    for (const gap of [{ offsetMs: tenDaysAgo }, { unfinished: firstTsidAt(tenDaysAgo) }]) {
      const { error, sent, verdict } = await recovered({ days, since, ...gap })
      expect(error).to.equal(undefined)
      expect(sent).to.deep.equal([{ from: since, to: firstTsidAt(NOW) }])
      expect(verdict).to.contain('is missing for good').and.not.contain('closed')
    }
  })

  it('refuses a FROM behind that: what the outbox still keeps of the gap would be left out', async () => {
    const { text, told } = await recovered({ days, offsetMs: tenDaysAgo, since: firstTsidAt(Date.parse('2026-11-17')) })
    expect(text).to.contain('FROM=2026-11-16T00:00:00Z')
    expect(told).to.deep.equal([])
  })

  it('sends a gap of which every day is there', async () => {
    const { error, told, sent, verdict } = await recovered({ days: ['20261114', '20261124'], offsetMs: tenDaysAgo })
    expect(error).to.equal(undefined)
    expect(told).to.deep.equal(WHOLE)
    expect(sent.map(({ from }) => from)).to.deep.equal([firstTsidAt(tenDaysAgo - MARGIN_MS)])
    expect(verdict).to.equal('c: running, the gap is closed')
  })

  it('takes an outbox made today for young, not for one that lost what was before', async () => {
    const { error } = await recovered({ days: ['20261124'], offsetMs: NOW - 12 * 3_600_000 + 300_000 })
    expect(error).to.equal(undefined)
  })
})

describe('recovering from what the operator types', () => {
  it('refuses a FROM behind the beginning of the gap, names the stored position and the FROM to type, and touches nothing', async () => {
    for (const given of [{}, { healthy: true, yes: true }, { unfinished: gapStart, offsetMs: NOW + 1 }]) {
      const { error, text, told, asked } = await recovered({ ...given, since: gapStart + 1n })
      expect(error).to.have.property('exitCode', 1)
      expect(text).to.contain('would leave out').and.contain('make connect-recover FROM=2026-11-24T11:50:00Z')
      expect(text.includes('YES=1'), text).to.equal('healthy' in given)
      expect(told).to.deep.equal([])
      expect(asked).to.deep.equal([])
    }
    expect((await recovered({ since: gapStart + 1n })).text).to.contain('has read up to 2026-11-24T12:00:00Z')
  })

  it('takes the very FROM that it names, and every earlier one', async () => {
    for (const since of [gapStart, gapStart - 1n]) {
      const { error, sent, asked, verdict } = await recovered({ since })
      expect(error).to.equal(undefined)
      expect(sent.map(({ from }) => from)).to.deep.equal([since])
      expect(asked, 'a slot that is gone holds nothing').to.deep.equal([])
      expect(verdict).to.equal('c: running, the gap is closed')
    }
  })

  it('drops a slot that has lost nothing only when that is confirmed', async () => {
    const refused = await recovered({ healthy: true, since: gapStart })
    expect(refused.error).to.have.property('exitCode', 4)
    expect(refused.told).to.deep.equal([])
    expect(refused.asked).to.have.length(1)
    expect(refused.asked[0]).to.contain('drops the slot s').and.contain('has lost nothing')
    const { error, told } = await recovered({ healthy: true, since: gapStart, yes: true })
    expect(error).to.equal(undefined)
    expect(told).to.deep.equal(WHOLE)
  })

  it('refuses where nothing is lost, and names the whole command for who wants a new slot all the same', async () => {
    const { error, text, told } = await recovered({ healthy: true, yes: true })
    expect(error).to.have.property('exitCode', 1)
    expect(text).to.contain('has lost nothing').and.contain('make connect-recover FROM=2026-11-24T11:50:00Z YES=1 WHY="…"')
    expect(told).to.deep.equal([])
  })

  it('asks for FROM where no offset is stored, takes it, and says that what was before it may be missing', async () => {
    const refused = await recovered({ offsetMs: undefined })
    expect(refused.error).to.have.property('exitCode', 2)
    expect(refused.text).to.contain('FROM=')
    const { error, verdict } = await recovered({ offsetMs: undefined, since: gapStart })
    expect(error).to.equal(undefined)
    expect(verdict).to.contain('from 2026-11-24T11:50:00Z on').and.contain('may be missing').and.not.contain('closed')
  })
})
