// A run whose broker, counts or worker fail in its middle: it neither goes on blindly, nor for ever, nor with wrong books.

import { Unavailable } from '@tally/platform/process/errors'
import { expect } from 'chai'
import { queueOf } from '../ledger/ledger.ts'
import { paceOf } from '../worker/pace.ts'
import { settleLate } from '../worker/settle-late.ts'
import type { CutWork } from '../worker/work.ts'
import { DLQ, letter } from './support/letters.ts'
import type { World } from './support/memory-world.ts'
import { memoryWorld } from './support/memory-world.ts'
import { begin, finish, letters, runOf } from './support/runs.ts'

const away = async () => {
  throw new Unavailable('is away')
}

/** From the first time that a letter of the cut is settled, everything that would be written fails. */
function dyingOnceSettled(world: World, cut: number): CutWork {
  let isDead = false
  const mortal =
    <A extends unknown[], R>(write: (...args: A) => Promise<R>) =>
    async (...args: A) => {
      if (isDead) throw new Error('killed')
      return write(...args)
    }
  const append = mortal(world.audit.append)
  return {
    ...world.work,
    audit: {
      ...world.audit,
      async append(entries) {
        await append(entries)
        const [entry] = entries
        isDead = entry?.kind === 'settled' && (await runOf(world, entry.run)).sending.has(cut)
      },
    },
    replays: { ...world.work.replays, append: mortal(world.work.replays.append) },
  }
}

const failsFrom = (first: number) => (_: unknown, from: string) => (Number(from.slice(2)) < first ? 'counted' : 'unknown-schema')

describe('a run that is broken off', () => {
  it('by a broker that is away for a moment sends nothing more before it knows what became of the last letters', async () => {
    const world = memoryWorld(letters(6_000), failsFrom(150))
    world.work.paceOf = () => paceOf(20_000)
    const { committed } = world.work.outcomes
    let isAway = true
    world.work.outcomes.committed = async (...asked) => {
      if (world.sent.length <= 10 || !isAway) return committed(...asked)
      isAway = false
      return away()
    }
    const { id } = await begin(world, { rate: 0 })
    const fault = await finish(world).catch((error) => error)
    expect(fault).to.be.instanceOf(Unavailable)
    await finish(world)
    expect(await runOf(world, id)).to.include({ state: 'ended', how: 'mostly-failed' })
    expect(world.sent.length).to.be.below(500)
  })

  it('when most of its letters fail ends all the same', async () => {
    const world = memoryWorld(letters(1_000), failsFrom(150))
    const { id } = await begin(world, { rate: 0 })
    await finish(world, 1)
    const { work } = world
    world.work = dyingOnceSettled(world, 1)
    expect((await finish(world).catch((error) => error)).message).to.equal('killed')
    world.work = work
    await finish(world, 10)
    expect(await runOf(world, id)).to.include({ state: 'ended', how: 'mostly-failed' })
  })

  it('between two letters of one event says of one only that it was counted', async () => {
    const key = Buffer.from('k')
    const world = memoryWorld([letter(0, { key, eventId: '77' }), letter(1, { key, eventId: '77' })])
    const { id } = await begin(world, { canary: 0 })
    const { work } = world
    world.work = dyingOnceSettled(world, 0)
    expect((await finish(world).catch((error) => error)).message).to.equal('killed')
    world.work = work
    await finish(world)
    expect((await runOf(world, id)).tally.outcomes).to.deep.equal({ counted: 1, 'already-counted': 1 })
  })

  it('while the counts do not answer is told later, and what was counted before is not told as counted now', async () => {
    const world = memoryWorld(letters(2), (_, from) => (from === '0/1' ? 'ignored' : 'counted'))
    const { outcomes } = world.work
    Object.assign(world.work, { verifyTimeoutMs: 20, outcomes: { ...outcomes, countedAt: away, countedOf: away } })
    await begin(world)
    await finish(world)
    await settleLate(DLQ, { ...world.work, outcomes })
    expect(queueOf(await world.audit.refresh(), DLQ.name).counts).to.deep.equal({ counted: 1, 'already-counted': 1 })
  })
})
