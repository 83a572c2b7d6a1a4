// A worker that dies at any step of a run: whoever takes it up finds the same books, and the group gets no letter twice.

import { systemClock } from '@tally/platform/process/clock'
import { expect } from 'chai'
import fc from 'fast-check'
import { startRun } from '../command/start-run.ts'
import { queueOf } from '../ledger/ledger.ts'
import type { Letter } from '../letters/letter.ts'
import { planReplay } from '../plan/plan-replay.ts'
import { driveRuns } from '../worker/drive-runs.ts'
import type { CutWork } from '../worker/work.ts'
import { workCut } from '../worker/work-cut.ts'
import { DLQ, letter } from './support/letters.ts'
import type { World } from './support/memory-world.ts'
import { memoryWorld } from './support/memory-world.ts'

const REQUEST = { action: 'replay' as const, who: 'ada@ops-1', why: 'mended', filter: {}, rate: 0, canary: 3 }

/** The ports of a process that dies with its n-th write: before it, or after it and before it knows. */
function dying(world: World, n: number, written: boolean): CutWork {
  let writes = 0
  const mortal =
    <A extends unknown[], R>(write: (...args: A) => Promise<R>) =>
    async (...args: A) => {
      writes += 1
      if (writes > n) throw new Error('killed')
      if (writes === n && !written) throw new Error('killed')
      const answer = await write(...args)
      if (writes === n) throw new Error('killed')
      return answer
    }
  return {
    ...world.work,
    audit: { ...world.audit, append: mortal(world.audit.append) },
    replays: { ...world.work.replays, append: mortal(world.work.replays.append) },
  }
}

const planned = async (world: World) => {
  const { plans } = await planReplay(
    [DLQ],
    {},
    { letters: world.reader, ledger: await world.audit.refresh(), decode: async () => undefined },
  )
  const [plan] = plans
  if (plan === undefined) throw new Error('no plan')
  return plan
}

/** Drives the queue until nothing is left; each process lives for the next number of writes. */
async function workThrough(world: World, deaths: { writes: number; written: boolean }[]): Promise<void> {
  const left = [...deaths]
  for (let turn = 0; turn < 200; turn += 1) {
    world.queued.length = 0
    await driveRuns(world.audit, world.queue, systemClock)
    const [cut] = world.queued
    if (cut === undefined) return
    const death = left.shift()
    await workCut(DLQ, cut, death ? dying(world, death.writes, death.written) : world.work).catch((error: unknown) => {
      if (!(error instanceof Error && error.message === 'killed')) throw error
    })
  }
  throw new Error('the run does not end')
}

/** Counted apart from the ledger's own sums: every letter is open or settled by exactly one last entry. */
async function booksBalance(world: World): Promise<void> {
  const last = new Map<string, string>()
  for (const entry of world.entries)
    if (entry.kind === 'settled')
      for (const { partition, from, next, outcome } of entry.letters)
        for (let offset = from; offset < next; offset += 1n) if (outcome !== 'unknown') last.set(`${partition}/${offset}`, outcome)
  const { selected } = await planned(world)
  expect(selected + last.size).to.equal(world.letters.length)
  const counts = queueOf(await world.audit.refresh(), DLQ.name).counts
  expect(Object.values(counts).reduce((sum, count) => sum + count, 0)).to.equal(last.size)
  expect([...last.values()].filter((outcome) => outcome === 'failed-again').length).to.equal(counts['failed-again'] ?? 0)
}

describe('a worker that dies', () => {
  it('at any of its writes, twenty times in a row, loses no letter and sends none twice', async function () {
    this.timeout(60_000)
    const deaths = fc.array(fc.record({ writes: fc.integer({ min: 1, max: 9 }), written: fc.boolean() }), { minLength: 20, maxLength: 20 })
    const keys = fc.array(fc.nat(40), { minLength: 30, maxLength: 60 })
    await fc.assert(
      fc.asyncProperty(deaths, keys, fc.integer({ min: 2, max: 9 }), async (dying, keyOf, failing) => {
        const letters: Letter[] = keyOf.map((key, n) => letter(n, { key: Buffer.from(`k${key}`) }))
        const world = memoryWorld(letters, (_, from) => (Number(from.slice(2)) % failing === 1 ? 'contract-violation' : 'counted'))
        const total = letters.length
        for (let run = 0; run < 2; run += 1) {
          await startRun(await planned(world), { ...REQUEST, canary: run === 0 ? 3 : 0 }, world.audit, systemClock)
          await workThrough(world, run === 0 ? dying : dying.slice(0, 5))
          await booksBalance(world)
        }
        const sent = world.sent.map(({ headers }) => `${headers?.['replay.run']} ${headers?.['replay.letter']}`)
        expect(new Set(sent).size).to.equal(sent.length)
        expect(world.letters.length).to.be.at.least(total)
        for (const key of new Set(keyOf)) {
          const offsets = world.sent
            .filter((record) => String(record.key) === `k${key}`)
            .filter(({ headers }) => headers?.['replay.run']?.equals(world.sent[0]?.headers?.['replay.run'] ?? Buffer.alloc(0)))
            .map(({ headers }) => Number(String(headers?.['replay.letter']).slice(2)))
          expect(offsets).to.deep.equal([...offsets].sort((a, b) => a - b))
        }
      }),
      { numRuns: 60 },
    )
  })
})
