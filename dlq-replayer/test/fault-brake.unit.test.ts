// What a run needs is away: it is held, later and later, says so, and goes on by itself.

import { systemClock } from '@tally/platform/process/clock'
import { Unavailable } from '@tally/platform/process/errors'
import { createLog } from '@tally/platform/process/log'
import { expect } from 'chai'
import kafkajs from 'kafkajs'
import { until } from '../../test/support/until.ts'
import type { Cut } from '../worker/drive-runs.ts'
import { workRuns } from '../worker/work-runs.ts'
import { DLQ } from './support/letters.ts'
import { memoryWorld } from './support/memory-world.ts'
import { begin, letters, runOf } from './support/runs.ts'

describe('a broker that fails', () => {
  it('holds a run, which says what it waits for, is tried again after a while only, and goes on by itself', async () => {
    const world = memoryWorld(letters(30))
    const clock = { at: systemClock.now(), now: () => clock.at }
    const { append } = world.work.replays
    let isAway = true
    let fault: Error = new Unavailable('the counts do not answer')
    let attempts = 0
    let turns = 0
    world.work.replays.append = async (topic, records) => {
      attempts += 1
      if (isAway) throw fault
      return append(topic, records)
    }
    const stopping = new AbortController()
    const { id } = await begin(world, { rate: 0 })
    const runs = await workRuns({
      ...world.work,
      audit: {
        ...world.audit,
        async refresh() {
          turns += 1
          return world.audit.refresh()
        },
      },
      dlqs: [DLQ],
      clock,
      stopping: stopping.signal,
      log: createLog('test', 'silent'),
      openQueue: async (_, work) => ({ add: async (cut: Cut) => void work(cut).catch(() => {}), close: async () => {} }),
    })
    const waits = () => until(async () => (await runOf(world, id)).note !== '', { what: 'the run says what it waits for' })
    await waits()
    expect((await runOf(world, id)).note).to.equal('waits: the counts do not answer')
    const before = turns
    await until(() => turns > before + 4, { what: 'the loop has looked at the run again and again' })
    expect(attempts).to.equal(1)
    clock.at += 60_000
    await until(() => attempts === 2, { what: 'the cut is tried again' })
    fault = new kafkajs.KafkaJSConnectionError('Connection timeout')
    clock.at += 60_000
    const told = 'waits for Kafka: Connection timeout'
    await until(async () => (await runOf(world, id)).note === told, { what: 'the run says that Kafka is what it waits for' })
    isAway = false
    clock.at += 60_000
    await until(async () => (await runOf(world, id)).state === 'ended', { what: 'the run has ended' })
    expect(await runOf(world, id)).to.deep.include({ how: 'done', note: '' })
    expect((await runOf(world, id)).tally.outcomes).to.deep.equal({ counted: 30 })
    stopping.abort()
    await runs.stop()
  })
})
