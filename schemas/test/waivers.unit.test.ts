import { expect } from 'chai'
import type { Finding } from '../check/finding.ts'
import { parseWaivers, type Waiver, waive } from '../check/waivers.ts'

const finding: Finding = { severity: 'error', type: 'TYPE_MISMATCH', path: '/fields/1/type', message: 'm', file: 'a.avsc', line: 3 }
const waiver: Waiver = {
  subject: 'sales-value',
  rule: 'TYPE_MISMATCH',
  path: '/fields/1/type',
  reason: 'nobody has written this field',
  owner: 'orders team',
  expires: '2026-12-01',
}

describe('a waiver', () => {
  const after = (waivers: Waiver[], today: string) => {
    const checked = [{ name: 'sales-value', findings: [finding] }]
    return { faults: waive(checked, waivers, today, 'waivers.json').map(({ type }) => type), left: checked[0]?.findings }
  }

  it('covers its fault up to its last day', () => {
    expect(after([waiver], '2026-12-01')).to.deep.equal({ faults: [], left: [] })
  })

  it('covers nothing more after it, and is a fault itself', () => {
    expect(after([waiver], '2026-12-02')).to.deep.equal({ faults: ['WAIVER_EXPIRED'], left: [finding] })
  })

  it('covers nothing else, and is a fault when it covers nothing', () => {
    for (const other of [{ subject: 'other-value' }, { rule: 'NAME_MISMATCH' }, { path: '/fields/2/type' }])
      expect(after([{ ...waiver, ...other }], '2026-11-24')).to.deep.equal({ faults: ['WAIVER_UNUSED'], left: [finding] })
  })

  it('has a subject, rule, path, reason, owner and day', () => {
    expect(parseWaivers(JSON.stringify([waiver]))).to.deep.equal([waiver])
    expect(() => parseWaivers(JSON.stringify([{ ...waiver, reason: 'no' }]))).to.throw('reason')
    expect(() => parseWaivers(JSON.stringify([{ ...waiver, expires: 'never' }]))).to.throw('expires')
  })
})
