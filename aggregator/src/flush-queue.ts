// Jobs that wait share a flush: at once when idle, else one after another, at most every `intervalMs` while little waits.
import { StopProcess, Unavailable } from '@tally/platform/errors'

type Options<Job, Answer> = {
  /** Does all jobs or none; one answer per job. Called with none after `wake`. */
  flush(jobs: readonly Job[]): Promise<readonly Answer[]>
  intervalMs: number
  /** This much waiting is worth a flush of its own. */
  enough(jobs: readonly Job[]): boolean
  now(): number
}

export type FlushQueue<Job, Answer> = {
  add(job: Job): Promise<Answer>
  /** Asks for a flush although no job may be waiting. */
  wake(): void
}

type Waiting<Job, Answer> = { job: Job; resolve(answer: Answer): void; reject(error: unknown): void }

export function flushQueue<Job, Answer>({ flush, intervalMs, enough, now }: Options<Job, Answer>): FlushQueue<Job, Answer> {
  let waiting: Waiting<Job, Answer>[] = []
  let woken = false
  let running = false
  let timer: NodeJS.Timeout | undefined
  let lastStart = Number.NEGATIVE_INFINITY

  function schedule(): void {
    if (running || (waiting.length === 0 && !woken)) return
    const restMs = enough(waiting.map(({ job }) => job)) ? 0 : lastStart + intervalMs - now()
    if (timer !== undefined && restMs > 0) return
    clearTimeout(timer)
    timer = setTimeout(run, Math.max(0, restMs))
  }

  async function run(): Promise<void> {
    timer = undefined
    running = true
    woken = false
    lastStart = now()
    const batch = waiting
    waiting = []
    try {
      await settle(batch)
    } finally {
      running = false
      schedule()
    }
  }

  async function settle(batch: Waiting<Job, Answer>[]): Promise<void> {
    try {
      const answers = await flush(batch.map(({ job }) => job))
      for (const [index, { resolve }] of batch.entries()) resolve(answers[index] as Answer)
    } catch (error) {
      const alone = batch.length <= 1 || error instanceof Unavailable || error instanceof StopProcess
      // One bad job must not fail its neighbours: each is tried alone.
      if (alone) for (const { reject } of batch) reject(error)
      else for (const one of batch) await settle([one])
    }
  }

  return {
    add(job) {
      return new Promise((resolve, reject) => {
        waiting.push({ job, resolve, reject })
        schedule()
      })
    },
    wake() {
      woken = true
      schedule()
    },
  }
}
