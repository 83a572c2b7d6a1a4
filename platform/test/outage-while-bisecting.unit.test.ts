import { expect } from 'chai'
import { Registry } from 'prom-client'
import { until } from '../../test/support/until.ts'
import { consume } from '../loop/consume.ts'
import { systemClock } from '../process/clock.ts'
import { Unavailable } from '../process/errors.ts'
import { createLog } from '../process/log.ts'
import { readDeadLetter } from '../records/dead-letter.ts'
import { readRanges } from '../records/read-ranges.ts'
import { memoryLog } from '../test-support/memory-log.ts'

describe('an outage in the middle of a bisection', () => {
  it('blames no record: the bisection begins again, and the poison record alone is dead-lettered', async () => {
    const recordLog = memoryLog({ clock: systemClock })
    recordLog.createTopic('texts', 1)
    recordLog.createTopic('texts-reader-dlq', 1)
    const texts = ['a', 'b', 'poison', 'd']
    await recordLog.append(
      'texts',
      texts.map((text) => ({ key: null, value: Buffer.from(text), partition: 0 })),
    )
    const counted: string[] = []
    let attempt = 0
    const loop = await consume<string>({
      recordLog,
      topics: ['texts'],
      group: 'reader',
      handler: {
        decode: ({ value }) => String(value),
        async handle({ messages }) {
          attempt += 1
          // The third attempt bisects: with its first half the store goes away, and stays away for a while.
          if (attempt > 3 && attempt < 8) throw new Unavailable('the store is away')
          const values = messages.map(({ value }) => value)
          if (values.includes('poison')) throw new Error('cannot be handled')
          counted.push(...values)
        },
      },
      clock: systemClock,
      log: createLog('test', 'silent'),
      metrics: new Registry(),
      policy: { firstBackoffMs: 2, maxBackoffMs: 4, unavailableDeadlineMs: 10_000 },
    })
    try {
      await until(() => recordLog.committed('reader', 'texts', 0) === 4n, { what: 'all is settled' })
      expect(counted).to.deep.equal(['a', 'b', 'd'])
      const reasons: string[] = []
      for await (const record of readRanges(recordLog, 'texts-reader-dlq', [{ partition: 0, from: 0n, next: 100n }]))
        reasons.push(`${record.value} ${readDeadLetter(record)?.reason}`)
      expect(reasons).to.deep.equal(['poison handler-failed'])
    } finally {
      await loop.stop()
    }
  })
})
