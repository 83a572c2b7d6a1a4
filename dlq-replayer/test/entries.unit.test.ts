// The audit topic's entries as they are written, and as older versions wrote them.

import { expect } from 'chai'
import type { Entry, SettledLetters } from '../ledger/entry.ts'
import { entryJson, parseEntry } from '../ledger/json-entries.ts'
import type { Settled } from '../ledger/outcome.ts'
import { settledAs } from '../ledger/outcome.ts'

const about = { kind: 'settled', run: '20260101T000000-abcdef', dlq: 'orders-dlq', at: 1 } as const
const counted = (partition: number, offset: bigint) => settledAs({ partition, offset }, { outcome: 'counted' })

describe('what the audit says of settled letters', () => {
  it('is read as it was written, letters in a row as one range', () => {
    const letters: Settled[] = [
      counted(0, 7n),
      counted(1, 3n),
      counted(0, 8n),
      settledAs({ partition: 0, offset: 9n }, { outcome: 'failed-again', reason: 'unknown-schema' }),
      { partition: 0, from: 10n, next: 12n, outcome: 'failed-again', reason: 'bad-content' },
      counted(1, 4n),
      counted(1, 6n),
    ]
    const json = entryJson({ ...about, letters })
    expect(JSON.parse(json).letters).to.deep.equal([
      [0, '7', '9', 'counted'],
      [1, '3', '5', 'counted'],
      [0, '9', '10', 'failed-again', 'unknown-schema'],
      [0, '10', '12', 'failed-again', 'bad-content'],
      [1, '6', '7', 'counted'],
    ])
    expect((parseEntry(json) as SettledLetters).letters).to.deep.equal([
      { partition: 0, from: 7n, next: 9n, outcome: 'counted' },
      { partition: 1, from: 3n, next: 5n, outcome: 'counted' },
      ...letters.slice(3, 5),
      counted(1, 6n),
    ])
  })

  it('is read as older versions wrote it, a letter each', () => {
    const text = JSON.stringify({
      ...about,
      letters: [
        [0, '7', 'counted'],
        [1, '3', 'failed-again', 'unknown-schema'],
      ],
    })
    expect((parseEntry(text) as SettledLetters).letters).to.deep.equal([
      counted(0, 7n),
      settledAs({ partition: 1, offset: 3n }, { outcome: 'failed-again', reason: 'unknown-schema' }),
    ])
  })
})

describe('every other entry', () => {
  const [run, at, who] = [about.run, 2, 'ada@ops-1']
  const ends = new Map([[0, 7n]])
  const entries: Entry[] = [
    { kind: 'selected', run, ranges: [{ partition: 1, from: 3n, next: 2n ** 60n }] },
    {
      kind: 'started',
      run,
      dlq: 'orders-dlq',
      action: 'replay',
      planId: 'p',
      letters: 3,
      who,
      why: 'mended',
      filter: { MAX: '3' },
      rate: 0.5,
      canary: 10,
      at,
    },
    { kind: 'sending', run, cut: 1, topicEnds: ends, dlqEnds: ends, at },
    { kind: 'paused', run, who, at },
    { kind: 'cancelled', run, who, why: 'still not mended', at },
    { kind: 'noted', run, text: 'waits: lag', at },
    { kind: 'ended', run, how: 'canary-failed', at },
  ]
  for (const entry of entries)
    it(`${entry.kind} is read as it was written`, () => {
      expect(parseEntry(entryJson(entry))).to.deep.equal(entry)
    })
})
