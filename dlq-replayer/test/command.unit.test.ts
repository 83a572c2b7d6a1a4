// What the command asks, refuses and remembers, against a world in memory.

import { systemClock } from '@tally/platform/process/clock'
import { expect } from 'chai'
import { progressOf } from '../command/progress.ts'
import { settledAs } from '../ledger/outcome.ts'
import { DLQ, letter } from './support/letters.ts'
import { memoryCommand } from './support/memory-command.ts'
import type { World } from './support/memory-world.ts'
import { memoryWorld } from './support/memory-world.ts'
import { expectSnapshot } from './support/snapshot.ts'

const worldOf = (count: number): World => memoryWorld(Array.from({ length: count }, (_, n) => letter(n)))
const HOUR_MS = 3_600_000

/** DISCARD needs no service to end. */
const discard = (world: World, count: { planId?: string }, options = {}) =>
  memoryCommand(world, { form: 'discard', why: 'test orders', yes: true, json: true, ...count }, options)
const planIdOf = async (world: World, nowMs: number): Promise<string> =>
  JSON.parse((await memoryCommand(world, { form: 'plan', json: true }, { nowMs })).out[0] ?? '{}').planId
const started = (world: World) => world.entries.flatMap((entry) => (entry.kind === 'started' ? [entry.letters] : []))

describe('a plan id', () => {
  const now = Date.parse('2026-11-24T03:12:45Z')

  it('keeps a run to the letters that were shown, whatever came in since', async () => {
    const world = worldOf(3)
    const planId = await planIdOf(world, now)
    world.letters.push(letter(3), letter(4))
    expect((await discard(world, { planId }, { nowMs: now + 1_000 })).exitCode).to.equal(0)
    expect(started(world)).to.deep.equal([3])
    expect((await discard(world, {}, { nowMs: now + 2_000 })).exitCode).to.equal(0)
    expect(started(world)).to.deep.equal([3, 2])
  })

  it('is refused when some of its letters were settled since', async () => {
    const world = worldOf(3)
    const planId = await planIdOf(world, now)
    await memoryCommand(world, { form: 'discard', why: 'one', yes: true, filter: { MAX: '1' } }, { nowMs: now })
    const fault = await discard(world, { planId }, { nowMs: now + 1_000 }).catch((error: unknown) => error)
    expect(fault).to.include({ exitCode: 4 }).and.have.property('message').that.includes('no longer true')
    expect(started(world)).to.deep.equal([1])
  })

  it('is refused after a day', async () => {
    const world = worldOf(3)
    const planId = await planIdOf(world, now)
    const fault = await discard(world, { planId }, { nowMs: now + 25 * HOUR_MS }).catch((error: unknown) => error)
    expect(fault).to.include({ exitCode: 4 }).and.have.property('message').that.includes('25 h ago')
    expect(started(world)).to.deep.equal([])
  })

  it('comes with the command to go on with, which repeats a pace that was said', async () => {
    const text = async (pace: { rate: number; canary: number }) =>
      (await memoryCommand(worldOf(3), { form: 'plan', ...pace }, { nowMs: now })).out.join('')
    expect(await text({ rate: 50, canary: 0 })).to.match(/ PLAN=\S+ \\\n {4}RATE=50 CANARY=0 GO=1 WHY="what was mended"\n/)
    expect(await text({ rate: 500, canary: 10 })).to.match(/ PLAN=\S+ \\\n {4}GO=1 WHY="what was mended"\n/)
  })

  it('means by 30m what it meant when the plan was made', async () => {
    const world = memoryWorld([0, 1, 2].map((n) => letter(n, { failedAt: now - n * 20 * 60_000 })))
    const filter = { SINCE: '30m' }
    const shown = JSON.parse((await memoryCommand(world, { form: 'plan', json: true, filter }, { nowMs: now })).out[0] ?? '{}')
    expect(shown.selected).to.equal(2)
    const later = { nowMs: now + 12 * HOUR_MS }
    expect((await memoryCommand(world, { form: 'discard', why: 'x', yes: true, filter, planId: shown.planId }, later)).exitCode).to.equal(0)
    expect(started(world)).to.deep.equal([2])
  })
})

describe('a filter that means no queue', () => {
  const filter = { TOPIC: 'typo' }

  it('is answered with the queues there are', async () => {
    const { out, notes, exitCode } = await memoryCommand(worldOf(3), { form: 'plan', filter })
    expect(exitCode).to.equal(3)
    expectSnapshot('plan-no-queue', out[0] ?? '')
    expect(notes).to.deep.equal([])
  })

  it('is told so in every form, with nothing changed', async () => {
    const world = worldOf(3)
    for (const form of ['go', 'discard', 'unpark', 'export', 'plan', 'history'] as const) {
      const { notes, exitCode } = await memoryCommand(world, { form, filter, why: 'x', yes: true, json: true, file: 'f' })
      expect(exitCode, form).to.equal(3)
      expect(notes.join('\n'), form).to.include('TOPIC=typo names no dead letter queue').and.include(DLQ.name)
    }
    expect(world.entries).to.deep.equal([])
  })

  it('is named beside what the filter means', async () => {
    const { out, exitCode } = await memoryCommand(worldOf(3), { form: 'plan', filter: { TOPIC: `typo,${DLQ.topic}` } })
    expect(exitCode).to.equal(0)
    expect(out[0]).to.match(/^3 of 3 open dead letters selected\. .*TOPIC=typo names no dead letter queue.*3 × unknown-schema/s)
  })
})

describe('a confirmation', () => {
  /** Unparking asks as replaying does, and ends on its own. */
  async function parkedWorld(count: number): Promise<World> {
    const world = worldOf(count)
    const letters = world.letters.map((letter) => settledAs(letter, { outcome: 'parked' }))
    await world.audit.append([{ kind: 'settled', run: 'r', dlq: DLQ.name, letters, at: 0 }])
    return world
  }
  const ask = async (count: number, answer?: string, form: 'unpark' | 'discard' = 'unpark') => {
    const world = form === 'unpark' ? await parkedWorld(count) : worldOf(count)
    const { exitCode, asked, notes } = await memoryCommand(world, { form, why: 'mended' }, answer === undefined ? {} : { answer })
    return { exitCode, asked: asked.length, wrote: started(world).length, notes: notes.join('\n') }
  }

  it('is not asked for up to ten letters', async () => {
    expect(await ask(10)).to.include({ exitCode: 0, asked: 0, wrote: 1 })
  })

  it('of up to a hundred letters takes y', async () => {
    expect(await ask(11, 'y')).to.include({ exitCode: 0, asked: 1, wrote: 1 })
    expect(await ask(100, 'Y')).to.include({ exitCode: 0, asked: 1, wrote: 1 })
    expect(await ask(100, 'n')).to.include({ exitCode: 4, asked: 1, wrote: 0 })
    expect(await ask(100, '')).to.include({ exitCode: 4, asked: 1, wrote: 0 })
  })

  it('of more than a hundred letters takes their number', async () => {
    expect(await ask(101, 'y')).to.include({ exitCode: 4, asked: 1, wrote: 0 })
    expect(await ask(101, '101')).to.include({ exitCode: 0, asked: 1, wrote: 1 })
    expect(await ask(1_234, '1,234')).to.include({ exitCode: 0, asked: 1, wrote: 1 })
  })

  it('to discard always takes the number', async () => {
    expect(await ask(1, 'y', 'discard')).to.include({ exitCode: 4, asked: 1, wrote: 0 })
    expect(await ask(1, '1', 'discard')).to.include({ exitCode: 0, asked: 1, wrote: 1 })
  })

  it('is a refusal where nobody can be asked', async () => {
    const { notes, ...said } = await ask(11)
    expect(said).to.include({ exitCode: 4, asked: 0, wrote: 0 })
    expect(notes).to.include('add YES=1')
  })
})

describe('the progress of a long look', () => {
  /** Shows a million letters in steps of a second. */
  function shown(interactive: boolean): { over: string[]; notes: string[] } {
    const said = { over: [] as string[], notes: [] as string[] }
    let now = 0
    const terminal = {
      interactive,
      over: (text: string) => void said.over.push(text),
      note: (text: string) => void said.notes.push(text),
      out: () => {},
      ask: async () => '',
      onInterrupt: () => {},
    }
    const progress = progressOf('letters', terminal, { ...systemClock, now: () => now })
    for (let second = 1; second <= 12; second += 1) {
      now = second * 1_000
      progress.show(second * 50_000, 1_000_000)
    }
    progress.end()
    return said
  }

  it('is a line every five seconds where there is no terminal', () => {
    expect(shown(false)).to.deep.equal({
      over: [],
      notes: ['250,000 of 1,000,000 letters, 50,000/s, 15 s to go', '500,000 of 1,000,000 letters, 50,000/s, 10 s to go'],
    })
  })

  it('is a bar that is written over at a terminal, and gone at the end', () => {
    const { over, notes } = shown(true)
    expect(notes).to.deep.equal([])
    expect(over[9]).to.equal('[##########..........] 500,000 of 1,000,000 letters, 50,000/s, 10 s to go')
    expect(over.at(-1)).to.equal('')
    expect(over.every((text) => text.length < 80)).to.equal(true)
  })
})
