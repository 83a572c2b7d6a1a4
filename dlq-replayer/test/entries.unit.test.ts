// The audit topic's entries as they are written, and as older versions wrote them.
import { entryJson, parseEntry } from '@tally/dlq-replayer/json-entries'
import type { SettledLetters } from '@tally/dlq-replayer/ledger-entry'
import type { Settled } from '@tally/dlq-replayer/outcome'
import { settledAs } from '@tally/dlq-replayer/outcome'
import { expect } from 'chai'

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
