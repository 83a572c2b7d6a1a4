import { expect } from 'chai'
import { type CaptureFacts, captureProblems, captureText, needsRecovery, type SlotFacts } from '../capture/capture.ts'

const NOW = Date.parse('2026-11-24T12:00:00Z')
const wanted = { slot: 'outbox', publication: 'outbox', tables: ['public.outbox', 'public.dbz_heartbeat', 'public.dbz_signal'] }
const slot: SlotFacts = { active: true, walStatus: 'reserved', confirmedLsn: 100n, retainedBytes: 10, budgetBytes: 2 ** 31 }
const facts: CaptureFacts = { slot, published: wanted.tables, heartbeatAgeMs: 900, newestEventMs: NOW - 5_000, nowMs: NOW }
const offset = { lsn: 120n, atMs: NOW - 900 }

const named = (over: Partial<CaptureFacts>, stored: typeof offset | undefined = offset) =>
  captureProblems({ ...facts, ...over }, stored, wanted).map(({ name }) => name)

describe('the way from the outbox to the connector', () => {
  it('is whole when slot, offset, publication and heartbeat agree', () => {
    expect(named({})).to.deep.equal([])
    expect(named({}, undefined), 'before the first start').to.deep.equal([])
  })

  const cases: [string, string[], Partial<CaptureFacts>, typeof offset?][] = [
    ['a slot that is not there', ['slot-missing'], { slot: undefined }],
    ['a slot that PostgreSQL gave up', ['slot-lost'], { slot: { ...slot, walStatus: 'lost' } }],
    ['a slot moved past what was read', ['slot-ahead'], { slot: { ...slot, confirmedLsn: 121n } }],
    ['a slot that holds back half its budget', ['slot-at-risk'], { slot: { ...slot, retainedBytes: 2 ** 30 + 1 } }],
    ['a slot past what is kept for it', ['slot-at-risk'], { slot: { ...slot, walStatus: 'unreserved' } }],
    ['a publication that is not there', ['publication-missing'], { published: undefined }],
    ['a table that is not published', ['table-unpublished'], { published: ['public.outbox', 'public.dbz_signal'] }],
    ['a heartbeat that never was', ['heartbeat-late'], { heartbeatAgeMs: undefined }],
    ['a heartbeat that stands still', ['heartbeat-late'], { heartbeatAgeMs: 10_001 }],
    ['a paused connector, which still beats in the database', ['heartbeat-late'], {}, { lsn: 120n, atMs: NOW - 10_001 }],
  ]
  for (const [what, names, over, stored] of cases) {
    it(`tells ${what}`, () => {
      const problems = captureProblems({ ...facts, ...over }, stored ?? offset, wanted)
      expect(problems.map(({ name }) => name)).to.deep.equal(names)
      const text = captureText({ ...facts, ...over }, stored ?? offset, problems)
      for (const { impact, wayBack } of problems) expect(text).to.contain(impact).and.contain(wayBack)
    })
  }

  it('tells how far it is behind, when the last event was, and what the slot holds back of what it may', () => {
    expect(captureText(facts, offset, []).split('\n')).to.deep.equal([
      '  0.9 s behind its source (has read up to 2026-11-24T11:59:59.100Z), last event 5.0 s ago',
      '  slot active, reserved, keeps 0.0 MiB of WAL of 2048 MiB',
    ])
    expect(captureText({ ...facts, newestEventMs: undefined }, undefined, [])).to.contain('no stored offset is known, last event never')
  })

  it('needs recovering only where events were lost', () => {
    const recovering = cases.filter(([, , over, stored]) => needsRecovery(captureProblems({ ...facts, ...over }, stored ?? offset, wanted)))
    expect(recovering.flatMap(([, names]) => names)).to.deep.equal(['slot-missing', 'slot-lost', 'slot-ahead'])
  })
})
