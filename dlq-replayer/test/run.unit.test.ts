// A run from its start to its end, against a topic and a group in memory.

import { systemClock } from '@tally/platform/process/clock'
import { expect } from 'chai'
import { until } from '../../test/support/until.ts'
import { controlRuns } from '../command/control-run.ts'
import { historyText } from '../command/history-text.ts'
import { statusText, summaryText } from '../command/run-text.ts'
import { settleSelected } from '../command/settle-selected.ts'
import { queueOf } from '../ledger/ledger.ts'
import { eventIdOf } from '../letters/letter.ts'
import { planReplay } from '../plan/plan-replay.ts'
import { driveRuns } from '../worker/drive-runs.ts'
import { settleLate } from '../worker/settle-late.ts'
import { workCut } from '../worker/work-cut.ts'
import { DLQ, FAILED_AT, letter } from './support/letters.ts'
import { memoryCommand } from './support/memory-command.ts'
import type { World } from './support/memory-world.ts'
import { memoryWorld } from './support/memory-world.ts'
import { begin, finish, letters, REQUEST, runOf } from './support/runs.ts'
import { expectSnapshot } from './support/snapshot.ts'

const sentFrom = (world: World) => world.sent.map(({ headers }) => String(headers?.['replay.letter']))

describe('a run', () => {
  it('sends every letter once, as it was, addressed to the group that failed', async () => {
    const world = memoryWorld(letters(25))
    const { id } = await begin(world)
    await finish(world)
    expect(sentFrom(world)).to.deep.equal(letters(25).map(({ offset }) => `0/${offset}`))
    const {
      headers: { traceparent },
    } = letter(3, { headers: { traceparent: Buffer.from('00-a-b-01') } })
    expect(traceparent).not.to.equal(undefined)
    const record = world.sent[3]
    expect(record?.value).to.deep.equal(letter(3).value)
    expect(record?.key).to.deep.equal(letter(3).key)
    expect(Object.fromEntries(Object.entries(record?.headers ?? {}).map(([name, bytes]) => [name, String(bytes)]))).to.deep.equal({
      id: '384000000000000003',
      'replay.group': 'aggregator',
      'replay.run': id,
      'replay.letter': '0/3',
      'dlq.replays': '1',
    })
    expect((await runOf(world, id)).tally.outcomes).to.deep.equal({ counted: 25 })
  })

  it('tells counted now from counted before', async () => {
    const world = memoryWorld(letters(4), (_, from) => (from === '0/1' ? 'ignored' : 'counted'))
    const { id } = await begin(world)
    await finish(world)
    expect((await runOf(world, id)).tally.outcomes).to.deep.equal({ counted: 3, 'already-counted': 1 })
  })

  it('counts an event once, however many letters it has', async () => {
    const eventId = '384000000000000000'
    const world = memoryWorld([letter(0), letter(1, { eventId }), letter(2, { eventId, key: letter(1).key })])
    const { id } = await begin(world)
    await finish(world)
    expect((await runOf(world, id)).tally.outcomes).to.deep.equal({ counted: 1, 'already-counted': 2 })
  })

  it('asks for events only where a letter was not counted from its own replay', async () => {
    const world = memoryWorld(letters(40).map((each, n) => (n === 31 ? { ...letter(3), offset: 31n } : each)))
    const { countedAt } = world.work.outcomes
    const asked: string[] = []
    world.work.outcomes.countedAt = (group, eventIds) => {
      asked.push(...eventIds)
      return countedAt(group, eventIds)
    }
    const { id } = await begin(world)
    await finish(world)
    expect((await runOf(world, id)).tally.outcomes).to.deep.equal({ counted: 39, 'already-counted': 1 })
    expect(asked).to.deep.equal([eventIdOf(letter(3))])
  })

  it('knows a letter as counted when its write was tried again, and the group counted the first of the two', async () => {
    const world = memoryWorld(letters(12))
    const { append } = world.work.replays
    world.work.replays.append = async (topic, records) => {
      await append(topic, records)
      return append(topic, records)
    }
    const { id } = await begin(world)
    await finish(world)
    expect(world.sent).to.have.length(24)
    expect((await runOf(world, id)).tally.outcomes).to.deep.equal({ counted: 12 })
  })

  it('settles what failed again, and its new letter stands in its place', async () => {
    const world = memoryWorld(letters(4), (_, from) => (from === '0/2' ? 'contract-violation' : 'counted'))
    const { id } = await begin(world)
    await finish(world)
    const run = await runOf(world, id)
    expect(run.tally.reasons).to.deep.equal({ 'failed-again: contract-violation': 1 })
    expect(world.letters[4]).to.include({ reason: 'contract-violation', replays: 1 })
    const { plans } = await planReplay(
      [DLQ],
      {},
      { letters: world.reader, ledger: await world.audit.refresh(), decode: async () => undefined },
    )
    expect(plans[0]).to.include({ selected: 1, settled: 4 })
  })

  it('stops behind a canary that fails', async () => {
    const world = memoryWorld(letters(60), () => 'unknown-schema')
    const { id } = await begin(world)
    await finish(world)
    expect(world.sent.length).to.equal(10)
    expect(await runOf(world, id)).to.include({ state: 'ended', how: 'canary-failed' })
  })

  it('stops behind a canary of which nobody knows what became of it', async () => {
    const world = memoryWorld(letters(60))
    const { id } = await begin(world)
    world.stall()
    await finish(world)
    expect(world.sent.length).to.equal(10)
    expect(await runOf(world, id)).to.include({ state: 'ended', how: 'canary-failed' })
  })

  it('goes on when failures come behind a good canary', async () => {
    const world = memoryWorld(letters(20), (_, from) => (from === '0/15' ? 'unknown-schema' : 'counted'))
    const { id } = await begin(world)
    await finish(world)
    expect((await runOf(world, id)).tally.outcomes).to.deep.equal({ counted: 19, 'failed-again': 1 })
  })

  it('stops when most letters fail again behind a good canary', async () => {
    const world = memoryWorld(letters(1_000), (_, from) => (Number(from.slice(2)) < 10 ? 'counted' : 'unknown-schema'))
    const { id } = await begin(world)
    await finish(world)
    expect(await runOf(world, id)).to.include({ state: 'ended', how: 'mostly-failed' })
    expect(world.sent.length).to.equal(110)
  })

  it('waits while the group is too far behind, and says so', async () => {
    const world = memoryWorld(letters(3))
    let behind = 6_000
    world.work.outcomes.committed = async () => new Map([[0, BigInt(world.sent.length - behind)]])
    const { id } = await begin(world)
    await driveRuns(world.audit, world.queue, systemClock)
    const [cut] = world.queued
    if (cut === undefined) throw new Error('nothing queued')
    const working = workCut(DLQ, cut, world.work)
    await until(async () => (await runOf(world, id)).note !== '', { what: 'the run waits' })
    expect(world.sent.length).to.equal(0)
    behind = 0
    await working
    expect(world.sent.length).to.equal(3)
    expect((await runOf(world, id)).note).to.equal('')
  })

  it('leaves out what came into the queue after its plan', async () => {
    const world = memoryWorld(letters(5))
    const { id } = await begin(world)
    world.letters.push(letter(5))
    await finish(world)
    expect(world.sent.length).to.equal(5)
    expect((await runOf(world, id)).how).to.equal('done')
  })

  it('sends the letters of one key oldest first, each when the one before is settled', async () => {
    const key = Buffer.from('same')
    const settledBefore: number[] = []
    const world = memoryWorld(
      [0, 1, 2].map((n) => letter(n, { key })),
      () => {
        settledBefore.push(world.entries.filter(({ kind }) => kind === 'settled').length)
        return 'counted'
      },
    )
    await begin(world)
    await finish(world)
    expect(sentFrom(world)).to.deep.equal(['0/0', '0/1', '0/2'])
    expect(settledBefore).to.deep.equal([0, 1, 2])
  })

  it('takes up a cut that was broken off without sending a letter twice', async () => {
    const world = memoryWorld(letters(20))
    const { id } = await begin(world)
    await driveRuns(world.audit, world.queue, systemClock)
    const cut = world.queued.shift()
    if (cut === undefined) throw new Error('nothing queued')
    const dead = {
      ...world.work,
      audit: {
        ...world.audit,
        append: async (entries: Parameters<typeof world.audit.append>[0]) => {
          if (entries[0]?.kind === 'settled') throw new Error('killed')
          await world.audit.append(entries)
        },
      },
    }
    await workCut(DLQ, cut, dead).catch(() => {})
    expect(world.sent.length).to.equal(10)
    await finish(world)
    expect(new Set(sentFrom(world)).size).to.equal(world.sent.length)
    expect((await runOf(world, id)).tally.outcomes).to.deep.equal({ counted: 20 })
  })

  it('waits for the group before it says what became of a letter', async () => {
    const world = memoryWorld(letters(3))
    const { id } = await begin(world)
    world.stall(10_000)
    const finished = finish(world)
    await until(() => world.sent.length === 3, { what: 'the letters are sent' })
    expect((await runOf(world, id)).tally.outcomes).to.deep.equal({})
    world.resume()
    await finished
    expect((await runOf(world, id)).tally.outcomes).to.deep.equal({ counted: 3 })
  })

  it('leaves letters open when the group does not get there in time', async () => {
    const world = memoryWorld(letters(3))
    const { id } = await begin(world)
    world.stall()
    await finish(world)
    const run = await runOf(world, id)
    expect(run.tally.outcomes).to.deep.equal({ unknown: 3 })
    expect(queueOf(await world.audit.refresh(), DLQ.name).unknown.size).to.equal(3)
  })

  it('settles them when the group gets there after all', async () => {
    const world = memoryWorld(letters(3), (_, from) => (from === '0/1' ? 'contract-violation' : 'counted'))
    await begin(world)
    world.stall()
    await finish(world)
    world.resume()
    await settleLate(DLQ, world.work)
    const queue = queueOf(await world.audit.refresh(), DLQ.name)
    expect(queue.counts).to.deep.equal({ counted: 2, 'failed-again': 1 })
    expect(queue.unknown.size).to.equal(0)
  })

  it('parks a letter that was replayed three times and failed again', async () => {
    const world = memoryWorld(letters(2), () => 'unknown-schema')
    for (let n = 0; n < 3; n += 1) {
      await begin(world)
      await finish(world)
    }
    expect(world.sent.length).to.equal(6)
    expect(world.parked.length).to.equal(2)
    const { plans } = await planReplay(
      [DLQ],
      {},
      { letters: world.reader, ledger: await world.audit.refresh(), decode: async () => undefined },
    )
    expect(plans[0]?.selected).to.equal(0)
  })

  it('replays a parked letter once more when an engineer put it back, and parks it again when that fails', async () => {
    let mended = false
    const world = memoryWorld(letters(2), (_, from) => (mended && from.endsWith('6') ? 'counted' : 'unknown-schema'))
    for (let n = 0; n < 3; n += 1) {
      await begin(world)
      await finish(world)
    }
    const planning = async (parked: boolean) =>
      planReplay([DLQ], {}, { letters: world.reader, ledger: await world.audit.refresh(), decode: async () => undefined, parked })
    const [parked] = (await planning(true)).plans
    expect(parked?.selected).to.equal(2)
    if (parked === undefined) throw new Error('nothing is parked')
    await settleSelected(parked, { ...REQUEST, action: 'unpark', why: 'mended' }, world.audit, systemClock)
    expect((await planning(true)).plans[0]?.selected).to.equal(0)
    expect((await planning(false)).plans[0]?.selected).to.equal(2)
    expect(queueOf(await world.audit.refresh(), DLQ.name).counts).to.include({ parked: 0 })

    mended = true
    const { id } = await begin(world)
    await finish(world)
    expect((await runOf(world, id)).tally.outcomes).to.deep.equal({ counted: 1, 'failed-again': 1 })
    expect((await planning(false)).plans[0]?.selected).to.equal(0)
    expect((await planning(true)).plans[0]?.selected).to.equal(1)
  })

  it('of an engineer whose command died in the middle is ended, so that the queue is free again', async () => {
    const world = memoryWorld(letters(3))
    const { id } = await begin(world, { action: 'discard' })
    await driveRuns(world.audit, world.queue, systemClock)
    expect(await runOf(world, id)).to.include({ state: 'running' })
    await driveRuns(world.audit, world.queue, { ...systemClock, now: () => systemClock.now() + 61_000 })
    expect(await runOf(world, id)).to.include({ state: 'ended', how: 'cancelled' })
  })

  it('is refused while another is open on the queue, however they race', async () => {
    const world = memoryWorld(letters(5))
    const [one, two] = await Promise.all([begin(world), begin(world)])
    expect([one.refusedBy, two.refusedBy].filter((by) => by !== undefined).length).to.equal(1)
    await finish(world)
    expect(world.sent.length).to.equal(5)
  })

  it('sends nothing more once it is cancelled, and settles what is out', async () => {
    const world = memoryWorld(letters(30))
    const { id } = await begin(world)
    await finish(world, 1)
    await controlRuns({ kind: 'cancelled', who: 'ada' }, undefined, world.audit, systemClock)
    await finish(world)
    expect(world.sent.length).to.equal(10)
    expect(await runOf(world, id)).to.include({ state: 'ended', how: 'cancelled' })
  })

  it('keeps who cancelled it, and why', async () => {
    const world = memoryWorld(letters(3))
    const { id } = await begin(world)
    const { out } = await memoryCommand(world, { form: 'cancel', why: 'still not mended', who: 'eve@ops-3' })
    expect(out).to.deep.equal([`Run ${id} is cancelled. See: make replay-dlq STATUS=1`])
    expect((await runOf(world, id)).controls[0]).to.include({ kind: 'cancelled', why: 'still not mended', who: 'eve@ops-3' })
    const { out: status } = await memoryCommand(world, { form: 'status', run: id })
    expect(status[0]).to.match(/ {2}cancelled by eve@ops-3 at \S+ \S+: still not mended\n/)
  })

  it('holds while it is paused', async () => {
    const world = memoryWorld(letters(3))
    const { id } = await begin(world)
    await controlRuns({ kind: 'paused', who: 'ada' }, id, world.audit, systemClock)
    await driveRuns(world.audit, world.queue, systemClock)
    const [cut] = world.queued
    if (cut === undefined) throw new Error('nothing queued')
    const working = workCut(DLQ, cut, world.work)
    expect(world.sent.length).to.equal(0)
    await controlRuns({ kind: 'resumed', who: 'ada' }, id, world.audit, systemClock)
    await working
    expect(world.sent.length).to.equal(3)
  })

  it('every letter is open, or ended one way: the books balance', async () => {
    const world = memoryWorld(letters(40), (_, from) => {
      const n = Number(from.slice(2))
      return n % 7 === 0 ? 'contract-violation' : n % 5 === 0 ? 'ignored' : 'counted'
    })
    for (let n = 0; n < 5; n += 1) {
      await begin(world, { canary: 0 })
      await finish(world)
      const ledger = await world.audit.refresh()
      const { plans } = await planReplay([DLQ], {}, { letters: world.reader, ledger, decode: async () => undefined })
      const ended = Object.values(queueOf(ledger, DLQ.name).counts).reduce((sum, count) => sum + count, 0)
      expect((plans[0]?.selected ?? 0) + ended).to.equal(world.letters.length)
    }
  })
})

describe('the texts of runs', () => {
  const example = async (): Promise<{ world: World; id: string }> => {
    const world = memoryWorld(letters(30), (_, from) => (Number(from.slice(2)) % 4 === 3 ? 'contract-violation' : 'counted'))
    const { id } = await begin(world, { canary: 0 })
    await finish(world)
    return { world, id }
  }
  const steady = (text: string, id: string) => text.replaceAll(id, '20261124T031245-ab12cd')

  it('sum up what became of the letters', async () => {
    const { world, id } = await example()
    expectSnapshot('summary', steady(summaryText(await runOf(world, id), 'make replay-dlq'), id))
  })

  it('tell who did what, when and why', async () => {
    const { world, id } = await example()
    await controlRuns({ kind: 'paused', who: 'bob@ops-2' }, undefined, world.audit, systemClock)
    const { id: second } = await begin(world, {
      action: 'discard',
      filter: { REASON: 'contract-violation' },
      who: 'bob@ops-2',
      why: 'test orders',
    })
    const { id: third } = await begin(world)
    await controlRuns({ kind: 'cancelled', who: 'eve@ops-3', why: 'the schema is still not there' }, undefined, world.audit, systemClock)
    const { runs, refused } = await world.audit.refresh()
    for (const run of runs.values()) {
      Object.assign(run, { at: FAILED_AT, lastAt: FAILED_AT + 4_000 })
      for (const control of run.controls) control.at = FAILED_AT + 2_000
    }
    for (const entry of refused.values()) entry.at = FAILED_AT + 1_000
    const text = historyText({ runs: [...runs.values()], refused: [...refused.values()], older: 3, command: 'make replay-dlq' })
    expectSnapshot('history', steady(steady(steady(text, id), second), third).replace(/(plan )\w{10}/g, '$1ab12cd34ef'))
  })

  it('list runs', async () => {
    const { world, id } = await example()
    const ledger = await world.audit.refresh()
    for (const run of ledger.runs.values()) Object.assign(run, { at: FAILED_AT, lastAt: FAILED_AT + 4_000 })
    expectSnapshot('status', steady(statusText(ledger, FAILED_AT + 5_000, 'make replay-dlq'), id))
  })
})
