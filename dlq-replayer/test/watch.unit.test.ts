// What the watch sees of a queue that nobody writes to.

import { systemClock } from '@tally/platform/process/clock'
import { createLog } from '@tally/platform/process/log'
import { expect } from 'chai'
import { until } from '../../test/support/until.ts'
import { deletionOf } from '../plan/plan.ts'
import type { LetterReader } from '../ports.ts'
import { watchLetters } from '../worker/watch-letters.ts'
import { DLQ, FAILED_AT, letter } from './support/letters.ts'
import { memoryWorld } from './support/memory-world.ts'

describe('the watch of a quiet queue', () => {
  let retentionMs: number | undefined
  let logStart: bigint
  let looks: number
  let asked: number
  let stopping: AbortController

  function watch() {
    const world = memoryWorld([0, 1, 2].map((n) => letter(n)))
    const letters: LetterReader = {
      async bounds() {
        asked += 1
        return new Map([[0, { logStart, highWatermark: 3n, lastStable: 3n }]])
      },
      retentionMs: async () => retentionMs,
      async *read(dlq, ranges) {
        looks += 1
        yield* world.reader.read(dlq, ranges)
      },
    }
    const rest = { clock: systemClock, stopping: stopping.signal, log: createLog('test', 'silent'), settleLate: async () => {}, everyMs: 5 }
    return watchLetters({ dlqs: [DLQ], letters, audit: world.audit, ...rest })
  }
  beforeEach(() => {
    ;[retentionMs, logStart, looks, asked, stopping] = [undefined, 0n, 0, 0, new AbortController()]
  })
  afterEach(() => stopping.abort())

  it('sees a retention that is set, and taken away again', async () => {
    const { seen } = watch()
    const deletion = () => seen.plans.flatMap((plan) => [deletionOf(plan)])[0]
    await until(() => seen.plans.length === 1, { what: 'the first look', timeoutMs: 2_000, everyMs: 5 })
    expect(deletion()).to.equal(undefined)
    retentionMs = 60_000
    await until(() => deletion() === FAILED_AT + 60_000, { what: 'the retention is seen', timeoutMs: 2_000, everyMs: 5 })
    retentionMs = undefined
    await until(() => deletion() === undefined, { what: 'it is seen to be gone', timeoutMs: 2_000, everyMs: 5 })
  })

  it('sees letters that were deleted', async () => {
    const { seen } = watch()
    const open = () => seen.plans[0]?.selected
    await until(() => open() === 3, { what: 'the first look', timeoutMs: 2_000, everyMs: 5 })
    logStart = 2n
    await until(() => open() === 1, { what: 'the deletion is seen', timeoutMs: 2_000, everyMs: 5 })
  })

  it('reads the letters once, as long as nothing changes', async () => {
    watch()
    await until(() => looks === 1, { what: 'the first look', timeoutMs: 2_000, everyMs: 5 })
    const before = asked
    await until(() => asked > before + 5, { what: 'it has asked again and again', everyMs: 5 })
    expect(looks).to.equal(1)
  })
})
