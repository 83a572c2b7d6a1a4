// The service's loop: looks four times a second at what the ledger says is left to do, and gives it to the queues.
import { wait } from '@tally/platform/process/clock'
import { messageOf } from '@tally/platform/process/errors'
import type { Log } from '@tally/platform/process/log'
import type { Dlq } from '#letters/letter'
import type { Cut, CutQueue } from './drive-runs.ts'
import { driveRuns } from './drive-runs.ts'
import { faultBrake } from './fault-brake.ts'
import { paceOf } from './pace.ts'
import type { CutWork } from './work.ts'
import { workCut } from './work-cut.ts'

export type OpenQueue = CutQueue & { close(): Promise<void> }

type Working = Omit<CutWork, 'paceOf'> & {
  dlqs: Dlq[]
  /** Opens the queue of a dead letter queue; `work` is called with one cut of it at a time. */
  openQueue(name: string, work: (cut: Cut) => Promise<void>): Promise<OpenQueue>
  log: Log
}

export type RunsAtWork = {
  live(): string | undefined
  ready(): string | undefined
  /** Leaves the cuts in hand as they are; they are taken up again by whoever starts next. */
  stop(): Promise<void>
}

const EVERY_MS = 250
const LIVE_MS = 120_000

/** Starts working. */
export async function workRuns({ dlqs, openQueue, log, ...work }: Working): Promise<RunsAtWork> {
  const { audit, clock, stopping } = work
  const woken = { now: () => {} }
  const brake = faultBrake(work)
  const queues = new Map<string, OpenQueue>()
  for (const dlq of dlqs) {
    const workOne = async (cut: Cut) => {
      log.info({ run: cut.run, cut: cut.cut, dlq: dlq.name }, 'working a cut')
      await brake.around(cut.run, () => workCut(dlq, cut, { ...work, paceOf: ({ rate }) => paceOf(rate) }))
      woken.now()
    }
    queues.set(dlq.name, await openQueue(dlq.name, workOne))
  }
  const queue: CutQueue = {
    async add(cut) {
      await queues.get(cut.dlq)?.add(cut)
    },
  }
  let turnedAt = clock.now()
  let fault: string | undefined

  async function loop(): Promise<void> {
    while (!stopping.aborted) {
      try {
        await driveRuns(audit, queue, clock, ({ id }) => brake.isHeld(id))
        fault = undefined
        turnedAt = clock.now()
      } catch (error) {
        fault = messageOf(error)
        log.warn({ err: error }, 'runs cannot go on for now')
      }
      const nudge = new AbortController()
      woken.now = () => nudge.abort()
      await wait(EVERY_MS, AbortSignal.any([stopping, nudge.signal]))
    }
  }
  const looping = loop()
  return {
    live: () => (clock.now() - turnedAt > LIVE_MS ? `the loop has not turned for ${LIVE_MS / 1000} s: ${fault}` : undefined),
    ready: () => fault,
    async stop() {
      await looping
      for (const each of queues.values()) await each.close()
    },
  }
}
