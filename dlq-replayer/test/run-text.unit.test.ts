// How far a run is, as people read it.

import { expect } from 'chai'
import { progressLine } from '../command/run-text.ts'
import type { Entry, Started } from '../ledger/entry.ts'
import { applyEntry, emptyLedger } from '../ledger/ledger.ts'
import { DLQ } from './support/letters.ts'

const LETTERS = 1_000_000

/** The line of a run that began at 0, after these entries. */
function lineAt(now: number, canary: number, entries: Entry[], action: Started['action'] = 'replay'): string {
  const ledger = emptyLedger()
  const about = { dlq: DLQ.name, action, planId: 'p', who: 'ada', why: 'mended', filter: {}, rate: 500, at: 0 }
  applyEntry(ledger, { kind: 'selected', run: 'r', ranges: [{ partition: 0, from: 0n, next: BigInt(LETTERS) }] })
  applyEntry(ledger, { kind: 'started', run: 'r', letters: LETTERS, canary, ...about })
  for (const entry of entries) applyEntry(ledger, entry)
  const run = ledger.runs.get('r')
  if (run === undefined) throw new Error('no run')
  return progressLine(run, now)
}

const sending = (cut: number, at: number): Entry => ({ kind: 'sending', run: 'r', cut, topicEnds: new Map(), dlqEnds: new Map(), at })
const settled = (from: number, next: number, at: number): Entry => ({
  kind: 'settled',
  run: 'r',
  dlq: DLQ.name,
  letters: [{ partition: 0, from: BigInt(from), next: BigInt(next), outcome: 'counted' }],
  at,
})

describe('the progress of a run', () => {
  const canaryDone = [sending(0, 100), settled(0, 10, 2_000)]

  it('is not told by the pace of the canary', () => {
    expect(lineAt(2_100, 10, canaryDone))
      .to.contain('10/1,000,000')
      .and.not.contain('to go')
    expect(lineAt(2_300, 10, [...canaryDone, sending(1, 2_200)])).to.not.contain('to go')
  })

  it('is told by the pace of what goes out behind it', () => {
    expect(lineAt(4_200, 10, [...canaryDone, sending(1, 2_200), settled(10, 1_010, 4_200)])).to.contain(', 33 min to go')
    expect(lineAt(2_000, 0, [sending(0, 0), settled(0, 1_000, 2_000)])).to.contain(', 33 min to go')
  })

  it('of what an engineer decided is told from its start', () => {
    expect(lineAt(2_000, 10, [settled(0, 1_000, 2_000)], 'discard')).to.contain(', 33 min to go')
  })
})
