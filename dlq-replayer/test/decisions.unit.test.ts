// Runs that the command works itself: cancelled while they go on, beside others, and for long.

import { systemClock } from '@tally/platform/process/clock'
import { expect } from 'chai'
import { until } from '../../test/support/until.ts'
import { controlRuns } from '../command/control-run.ts'
import { decideLetters } from '../command/decide-letters.ts'
import { summaryText } from '../command/run-text.ts'
import { settleSelected } from '../command/settle-selected.ts'
import { planReplay } from '../plan/plan-replay.ts'
import type { Audit } from '../ports.ts'
import { driveRuns } from '../worker/drive-runs.ts'
import { DLQ, letter } from './support/letters.ts'
import { memoryCommand } from './support/memory-command.ts'
import type { World } from './support/memory-world.ts'
import { memoryWorld } from './support/memory-world.ts'
import { letters, REQUEST, runOf } from './support/runs.ts'

const DISCARD = { ...REQUEST, action: 'discard' as const, why: 'test orders' }

const planned = async (world: World) => {
  const ledger = await world.audit.refresh()
  const [plan] = (await planReplay([DLQ], {}, { letters: world.reader, ledger, decode: async () => undefined })).plans
  if (plan === undefined) throw new Error('no plan')
  return plan
}

/** The audit of somebody during whose n-th entry of that kind something else happens. */
const during = ({ audit }: World, kind: string, n: number, happens: () => Promise<unknown>): Audit => {
  let seen = 0
  return {
    ...audit,
    async append(entries) {
      await audit.append(entries)
      if (entries[0]?.kind !== kind) return
      seen += 1
      if (seen === n) await happens()
    },
  }
}

describe('a decision', () => {
  it('that is cancelled settles nothing more, and says of the rest that it is open', async () => {
    const world = memoryWorld(letters(3_000))
    const cancel = async () => {
      await controlRuns({ kind: 'cancelled', who: 'bob' }, undefined, world.audit, systemClock)
      await driveRuns(world.audit, world.queue, systemClock)
    }
    const { id } = await settleSelected(await planned(world), DISCARD, during(world, 'settled', 2, cancel), systemClock)
    const run = await runOf(world, id)
    expect(run).to.include({ state: 'ended', how: 'cancelled' })
    expect(run.tally.outcomes).to.deep.equal({ discarded: 1_000 })
    expect(summaryText(run, 'make replay-dlq')).to.include('2,000  not discarded: still open')
    expect((await planned(world)).selected).to.equal(2_000)
  })

  it('that comes after its run was cancelled is none', async () => {
    const world = memoryWorld(letters(3))
    const cancel = () => controlRuns({ kind: 'cancelled', who: 'bob' }, undefined, world.audit, systemClock)
    const late: Audit = {
      ...world.audit,
      async append(entries) {
        if (entries[0]?.kind === 'settled') {
          await cancel()
          await driveRuns(world.audit, world.queue, systemClock)
        }
        await world.audit.append(entries)
      },
    }
    await settleSelected(await planned(world), DISCARD, late, systemClock)
    expect((await planned(world)).selected).to.equal(3)
  })

  it('stays open for as long as its command lives', async () => {
    const world = memoryWorld(letters(3))
    let id = ''
    const work = async () => {
      const noted = () => world.entries.some(({ kind }) => kind === 'noted')
      await until(noted, { what: 'the command says that it lives', everyMs: 5 })
      const { lastAt } = await runOf(world, id)
      await driveRuns(world.audit, world.queue, { ...systemClock, now: () => lastAt + 59_000 })
      return true
    }
    const begun = (_: unknown, run: { id: string }) => {
      id = run.id
      return work()
    }
    await decideLetters(await planned(world), DISCARD, { audit: world.audit, clock: systemClock }, begun, 1)
    expect(await runOf(world, id)).to.include({ state: 'ended', how: 'done' })
  })

  it('on one of two queues is not called nothing when the other one is refused', async () => {
    const world = memoryWorld([letter(0), letter(1)])
    const other = { ...DLQ, name: 'q2-dlq' }
    const somebody = async () => {
      const started = { kind: 'started' as const, run: 'other', dlq: other.name, planId: 'x', letters: 2, at: 0 }
      await world.audit.append([{ ...started, ...REQUEST }])
    }
    const audit = during(world, 'ended', 1, somebody)
    const said = await memoryCommand(world, { form: 'discard', why: 'test', yes: true }, { tools: { dlqs: [DLQ, other], audit } })
    expect(said.exitCode).to.equal(1)
    expect(said.notes).to.deep.equal(['Not begun: run other was first on q2-dlq. See: make replay-dlq STATUS=1'])
    expect(said.out.join()).to.include('2  discarded')
  })

  it('is refused when a run was begun while it was asked for', async () => {
    const world = memoryWorld(letters(3))
    let looks = 0
    const audit: Audit = {
      ...world.audit,
      async refresh() {
        looks += 1
        if (looks === 3)
          await world.audit.append([{ kind: 'started', run: 'other', dlq: DLQ.name, planId: 'x', letters: 2, at: 0, ...REQUEST }])
        return world.audit.refresh()
      },
    }
    const said = await memoryCommand(world, { form: 'discard', why: 'test', yes: true }, { tools: { audit } })
    expect(said.exitCode).to.equal(4)
    expect(said.notes).to.deep.equal([`Refused, nothing was changed: run other is open on ${DLQ.name}. See: make replay-dlq STATUS=1`])
    expect(world.entries).to.have.length(1)
  })
})
