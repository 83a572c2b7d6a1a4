// Settled ranges against the same letters one by one: whoever folds either agrees.

import { expect } from 'chai'
import fc from 'fast-check'
import { applyEntry, emptyLedger, queueOf } from '../ledger/ledger.ts'
import type { Settled } from '../ledger/outcome.ts'
import { OUTCOMES, settledAs } from '../ledger/outcome.ts'
import { hasPosition } from '../letters/positions.ts'
import { DLQ } from './support/letters.ts'

const SELECTED = 20
const range = fc.record({
  partition: fc.nat(1),
  from: fc.nat(25),
  length: fc.integer({ min: 1, max: 8 }),
  outcome: fc.constantFrom(...OUTCOMES),
})
const ended = fc.array(fc.array(range, { maxLength: 4 }), { maxLength: 12 })

const singly = ({ partition, from, next, outcome }: Settled): Settled[] =>
  Array.from({ length: Number(next - from) }, (_, i) => settledAs({ partition, offset: from + BigInt(i) }, { outcome }))

function ledgerOf(entries: Settled[][]) {
  const ledger = emptyLedger()
  const about = { dlq: DLQ.name, action: 'replay', planId: 'p', who: 'w', why: 'w', filter: {}, rate: 0, canary: 0, at: 0 } as const
  applyEntry(ledger, { kind: 'selected', run: 'r', ranges: [{ partition: 0, from: 0n, next: BigInt(SELECTED) }] })
  applyEntry(ledger, { kind: 'started', run: 'r', letters: SELECTED, ...about })
  for (const letters of entries) applyEntry(ledger, { kind: 'settled', run: 'r', dlq: DLQ.name, letters, at: 1 })
  return ledger
}

describe('what the ledger makes of settled letters', () => {
  it('is the same for a range and for each of its letters', () => {
    fc.assert(
      fc.property(ended, (given) => {
        const entries = given.map((ranges) =>
          ranges.map(({ from, length, ...rest }): Settled => ({ ...rest, from: BigInt(from), next: BigInt(from + length) })),
        )
        expect(ledgerOf(entries)).to.deep.equal(ledgerOf(entries.map((letters) => letters.flatMap(singly))))
      }),
    )
  })

  it('adds up: each letter is final at most once, and is counted as what made it so', () => {
    fc.assert(
      fc.property(ended, (given) => {
        const plain = new Map<string, string>()
        const entries = given.map((ranges) =>
          ranges.map(({ from, length, ...rest }): Settled => ({ ...rest, from: BigInt(from), next: BigInt(from + length) })),
        )
        for (const { partition, from, outcome } of entries.flat().flatMap(singly)) {
          const letter = `${partition}/${from}`
          const before = plain.get(letter)
          if (outcome === 'unparked') {
            if (before === 'parked') plain.delete(letter)
          } else if (outcome !== 'unknown' && before === undefined) plain.set(letter, outcome)
        }
        const { final, counts } = queueOf(ledgerOf(entries), DLQ.name)
        for (let offset = 0; offset < 40; offset += 1)
          for (const partition of [0, 1])
            expect(hasPosition(final, partition, BigInt(offset))).to.equal(plain.has(`${partition}/${offset}`))
        const sums = Object.groupBy(plain.values(), (outcome) => outcome)
        for (const outcome of OUTCOMES) expect(counts[outcome] ?? 0, outcome).to.equal(sums[outcome]?.length ?? 0)
      }),
    )
  })
})
