// What stops or holds a run: its own outcomes, and a group that does nothing.

import { DEFAULT_POLICY } from '@tally/platform/loop/policy'
import { systemClock } from '@tally/platform/process/clock'
import { Unavailable } from '@tally/platform/process/errors'
import { expect } from 'chai'
import { until } from '../../test/support/until.ts'
import { controlRuns } from '../command/control-run.ts'
import { runText, statusText } from '../command/run-text.ts'
import { tallied } from '../ledger/outcome.ts'
import { driveRuns } from '../worker/drive-runs.ts'
import { groupBrake } from '../worker/hold-run.ts'
import { mostOut } from '../worker/run-brake.ts'
import { DLQ } from './support/letters.ts'
import { memoryWorld } from './support/memory-world.ts'
import { begin, finish, letters, runOf } from './support/runs.ts'

const numberOf = (from: string) => Number(from.split('/')[1])

describe('the brakes of a run', () => {
  it('end it when most of the latest fail again, however many went well before', async () => {
    const world = memoryWorld(letters(6_000), (_, from) => (numberOf(from) < 3_000 ? 'counted' : 'unknown-schema'))
    world.work.maxLag = 200n
    const { id } = await begin(world)
    await finish(world)
    const { how, tally } = await runOf(world, id)
    expect(how).to.equal('mostly-failed')
    expect(tally.outcomes.counted).to.equal(3_000)
    expect(tally.outcomes['failed-again']).to.be.within(250, 650)
  })

  it('take no dead letter that was counted before, or is gone, for a proof of the canary', async () => {
    const world = memoryWorld(letters(300), (_, from) => (numberOf(from) < 10 ? 'ignored' : 'unknown-schema'))
    const { id } = await begin(world)
    world.letters.splice(5, 5)
    await finish(world)
    const { how, tally } = await runOf(world, id)
    expect(how).to.equal('canary-failed')
    expect(tally.outcomes).to.include({ 'already-counted': 5, missing: 5 })
    expect(tally.outcomes['failed-again']).to.be.at.most(100)
  })

  it('let it go on when all was counted before', async () => {
    const world = memoryWorld(letters(300), () => 'ignored')
    const { id } = await begin(world)
    await finish(world)
    expect(await runOf(world, id)).to.include({ how: 'done' })
  })

  it('let no more out than MAX_LAG, at whatever rate', async () => {
    const world = memoryWorld(letters(3_000))
    world.work.maxLag = 300n
    const { append } = world.work.replays
    let most = 0
    let isStalled = false
    world.work.replays.append = async (topic, records) => {
      if (world.sent.length >= 1_000 && !isStalled) {
        isStalled = true
        world.stall(60_000)
      }
      const places = await append(topic, records)
      most = Math.max(most, world.sent.length - tallied((await runOf(world, id)).tally))
      return places
    }
    const { id } = await begin(world, { canary: 0, rate: 0 })
    const finished = finish(world)
    await until(() => isStalled && world.sent.length >= 1_300, { what: 'as many are out as may be', everyMs: 5 })
    world.resume()
    await finished
    expect(most).to.equal(300)
    expect((await runOf(world, id)).tally.outcomes).to.deep.equal({ counted: 3_000 })
  })

  it('let no more out than a group may fail in a row', async () => {
    const world = memoryWorld(letters(1))
    const { id } = await begin(world)
    const run = { ...(await runOf(world, id)), tally: { outcomes: { counted: 1_000_000 }, reasons: {} } }
    expect(mostOut(run, 1_000_000n)).to.equal(20_000)
    expect(DEFAULT_POLICY.dlqReplaysInARow).to.be.at.least(mostOut(run, 1_000_000n))
  })

  it('hold it while its group has no consumer, and say so', async () => {
    const world = memoryWorld(letters(3))
    let members = 0
    world.work.outcomes.members = async () => members
    const { id } = await begin(world)
    const finished = finish(world)
    await until(async () => (await runOf(world, id)).note !== '', { what: 'the run is held', everyMs: 5 })
    expect((await runOf(world, id)).note).to.equal('waits: no consumer of aggregator runs; see make status')
    expect(world.sent).to.have.length(0)
    members = 1
    await finished
    expect(await runOf(world, id)).to.deep.include({ note: '', how: 'done' })
  })

  it('hold it while its group commits nothing though records wait, and say so', async () => {
    const world = memoryWorld(letters(60))
    const clock = { at: systemClock.now(), now: () => clock.at }
    Object.assign(world.work, { clock, verifyTimeoutMs: 60_000 })
    // One dead letter a second.
    world.work.paceOf = () => ({
      next() {
        clock.at += 1_000
        if (world.sent.length === 20) world.stall(60_000)
        return { count: 1, waitMs: 0 }
      },
    })
    const { id } = await begin(world)
    const finished = finish(world)
    await until(async () => (await runOf(world, id)).note !== '', { what: 'the run is held', everyMs: 5 })
    expect((await runOf(world, id)).note).to.match(/^waits: aggregator has committed nothing for 5 s, and \d+ records wait$/)
    expect(world.sent.length).to.be.within(21, 28)
    world.resume()
    await finished
    expect((await runOf(world, id)).tally.outcomes).to.deep.equal({ counted: 60 })
  })

  it('hold it for no commit that was lost, when nothing is out', async () => {
    const world = memoryWorld(letters(40))
    const clock = { at: systemClock.now(), now: () => clock.at }
    Object.assign(world.work, { clock, verifyTimeoutMs: 60_000 })
    const { bounds } = world.work.replays
    // Three more records in a partition of which the group handled all, and committed not all.
    world.work.replays.bounds = async (topic) =>
      new Map([...(await bounds(topic)), [1, { logStart: 0n, highWatermark: 3n, lastStable: 3n }]])
    const { committed } = world.work.outcomes
    world.work.outcomes.committed = async (group, topic) => new Map([...(await committed(group, topic)), [1, 0n]])
    const { id } = await begin(world)
    await driveRuns(world.audit, world.queue, clock)
    const holdsForNothing = groupBrake(DLQ, id, world.work, () => false)
    for (let second = 0; second < 20; second += 1) {
      clock.at += 1_000
      expect(await holdsForNothing()).to.equal(true)
      expect((await runOf(world, id)).note).to.equal('')
    }
  })

  it('pause it when of most nobody knows what became of them, with the reason, until somebody resumes it', async () => {
    const world = memoryWorld(letters(1_000))
    const { outcomes } = world.work
    let isAway = true
    const answered =
      <A extends unknown[], R>(ask: (...args: A) => Promise<R>) =>
      async (...args: A) => {
        if (isAway) throw new Unavailable('the counts do not answer')
        return ask(...args)
      }
    Object.assign(outcomes, { countedOf: answered(outcomes.countedOf), countedAt: answered(outcomes.countedAt) })
    world.work.verifyTimeoutMs = 20
    const { id } = await begin(world, { canary: 0 })
    const finished = finish(world)
    await until(async () => (await runOf(world, id)).state === 'paused', { what: 'the run is paused', everyMs: 5 })
    const { controls, tally } = await runOf(world, id)
    expect(controls).to.have.length(1)
    expect(controls[0]).to.include({ who: 'dlq-replayer' })
    expect(controls[0]?.why).to.contain('of the last 100 dead letters 100 have no known outcome')
    expect(tally.outcomes).to.deep.equal({ unknown: 100 })
    expect(statusText(await world.audit.refresh(), systemClock.now(), 'make replay-dlq')).to.contain('100 of last 100 unknown')
    expect(runText(await runOf(world, id), 'make replay-dlq'))
      .to.contain('paused by dlq-replayer')
      .and.contain('RESUME=1 | CANCEL=1')
    expect(world.sent).to.have.length(100)
    isAway = false
    world.work.verifyTimeoutMs = 10_000
    await controlRuns({ kind: 'resumed', who: 'ada' }, id, world.audit, systemClock)
    await finished
    expect(await runOf(world, id)).to.deep.include({ how: 'done', note: '' })
    expect((await runOf(world, id)).tally.outcomes).to.deep.equal({ unknown: 100, counted: 900 })
  })
})
