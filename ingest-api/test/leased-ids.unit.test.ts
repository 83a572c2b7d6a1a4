import type { Clock } from '@tally/platform/process/clock'
import { Unavailable } from '@tally/platform/process/errors'
import { tsidTime } from '@tally/platform/process/ids'
import { createLog } from '@tally/platform/process/log'
import { expect } from 'chai'
import fc from 'fast-check'
import { until } from '../../test/support/until.ts'
import type { Ids } from '../ids/leased-ids.ts'
import { leasedIds } from '../ids/leased-ids.ts'
import { memoryNodeLeases } from './memory-node-leases.ts'

const log = createLog('leased-ids-test', 'silent')
const START_MS = 1_764_000_000_000
const held = (ids: Ids) => until(() => ids.ready() === undefined, { what: 'a lease is held', everyMs: 1 })

/** Mints until it is refused or `max` ids are there. */
function mint(ids: Ids, max: number): bigint[] {
  const minted: bigint[] = []
  try {
    while (minted.length < max) minted.push(ids.next())
  } catch (error) {
    if (!(error instanceof Unavailable)) throw error
  }
  return minted
}

describe('leased ids', () => {
  it('are refused before there is a lease and after it is lost', async () => {
    const leases = memoryNodeLeases()
    leases.away = true
    const ids = leasedIds(leases.take, { now: () => START_MS }, log)
    expect(() => ids.next()).to.throw(Unavailable)
    leases.away = false
    await held(ids)
    ids.next()
    leases.away = true
    leases.loseAll()
    expect(() => ids.next()).to.throw(Unavailable)
    expect(ids.ready()).to.be.a('string')
    leases.away = false
    await held(ids)
    ids.next()
    await ids.close()
  })

  it('grow while the clock steps back, within a process and across a restart', async () => {
    const clock = { ms: START_MS, now: () => clock.ms }
    const leases = memoryNodeLeases()
    let last = 0n
    for (const stepMs of [0, -1, -1_000, -3_600_000]) {
      const ids = leasedIds(leases.take, clock, log)
      await held(ids)
      const before = mint(ids, 10_000)
      clock.ms += stepMs
      const after = mint(ids, 10)
      expect([before.length, after.length]).to.deep.equal([10_000, 10])
      for (const id of [...before, ...after]) {
        if (id <= last) throw new Error(`${id} was minted after ${last}`)
        last = id
      }
      await ids.close()
      clock.ms += stepMs
    }
  })

  it('grow from one node to the next while the clock steps back, within what is reserved of it', async () => {
    const clock = { ms: START_MS, now: () => clock.ms }
    const leases = memoryNodeLeases()
    const ids = leasedIds(leases.take, clock, log)
    await held(ids)
    const before = mint(ids, 10_000)
    clock.ms -= 3_600_000
    leases.loseAll()
    await leases.take()
    await held(ids)
    expect(ids.node()).to.equal(1)
    const after = mint(ids, 10_000)
    expect([before.length, after.length]).to.deep.equal([10_000, 10_000])
    expect((after[0] ?? 0n) > (before.at(-1) ?? 0n)).to.equal(true)
    await ids.close()
    const next = await leases.take()
    expect(next.node).to.equal(1)
    expect(next.reservedMs).to.be.at.least(tsidTime(after.at(-1) ?? 0n))
  })

  it('are not minted behind the reservation by a process that was paused', async () => {
    const clock = { ms: START_MS, now: () => clock.ms }
    const ids = leasedIds(memoryNodeLeases().take, clock, log)
    await held(ids)
    ids.next()
    clock.ms += 60_000
    expect(() => ids.next()).to.throw(Unavailable)
    await ids.close()
  })

  it('follow the clock', async () => {
    const ids = leasedIds(memoryNodeLeases().take, { now: () => START_MS }, log)
    await held(ids)
    expect(tsidTime(ids.next())).to.equal(START_MS)
    await ids.close()
  })

  it('never repeat, whatever processes, clocks, crashes and lost leases do', async () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('mint' as const), process: fc.nat(2), count: fc.integer({ min: 1, max: 9_000 }) }),
      fc.record({ kind: fc.constant('clock' as const), process: fc.nat(2), byMs: fc.integer({ min: -10_000, max: 4_000 }) }),
      fc.record({ kind: fc.constant('restart' as const), process: fc.nat(2) }),
      fc.record({ kind: fc.constant('lose' as const), silently: fc.boolean() }),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
        const leases = memoryNodeLeases(3)
        const clocks = [0, 1, 2].map(() => ({ ms: START_MS }))
        const start = (n: number) => leasedIds(leases.take, { now: () => clocks[n]?.ms ?? 0 } satisfies Clock, log)
        const running = clocks.map((_, n) => start(n))
        const seen = new Set<bigint>()
        try {
          for (const move of steps) {
            if (move.kind === 'mint') {
              await held(running[move.process] as Ids)
              for (const id of mint(running[move.process] as Ids, move.count)) {
                if (seen.has(id)) throw new Error(`${id} was minted twice`)
                seen.add(id)
              }
            } else if (move.kind === 'clock') {
              const clock = clocks[move.process]
              if (clock) clock.ms += move.byMs
            } else if (move.kind === 'restart') {
              await running[move.process]?.close()
              running[move.process] = start(move.process)
            } else {
              leases.loseAll(move.silently)
            }
          }
        } finally {
          await Promise.all(running.map((ids) => ids.close()))
        }
      }),
      { numRuns: 30, interruptAfterTimeLimit: 8_000 },
    )
  })
})
