// BullMQ carries the cuts of runs: one queue per dead letter queue, one cut of it at a time; on PostgreSQL or on Redis.
import type { Clock } from '@tally/platform/process/clock'
import type { Log } from '@tally/platform/process/log'
import type { Job } from 'bullmq'
import { createPostgresBackend, Queue, Worker, withBackend } from 'bullmq'
import { Redis } from 'ioredis'
import type { Cut, CutQueue } from './drive-runs.ts'

export type { Queue }

export type CutStore = { postgresUrl: string } | { redisUrl: string }

export type BullmqCuts = CutQueue & {
  /** Rejects while the store is away. */
  ping(): Promise<void>
  /** For the board. */
  queue: Queue
  /** Waits for the cut in hand, then disconnects. */
  close(): Promise<void>
}

type Jobs = { name: string; store: CutStore; log: Log; clock: Clock; work(cut: Cut): Promise<void> }

/** A worker that died is noticed after this; its cut goes to whoever is there. */
const LOCK_MS = 6_000
const STALLED_CHECK_MS = 3_000
/** A store that is away fails several times a second. */
const REPEAT_AFTER_MS = 30_000

type Packed = Omit<Cut, 'ranges'> & { ranges: [number, string, string][] }

/** Opens the queue and starts working on it. A cut that fails is dropped: whoever added it adds it again, if it is still needed. */
export async function bullmqCuts({ name, store, log, clock, work }: Jobs): Promise<BullmqCuts> {
  const { queue, worker, disconnect } = open(name, store, (job) => work(unpack(job.data)))
  let loggedAt = 0
  const onError = (error: Error) => {
    if (clock.now() - loggedAt < REPEAT_AFTER_MS) return
    loggedAt = clock.now()
    log.error({ err: error, queue: name }, 'the queue store failed; runs wait for it')
  }
  queue.on('error', onError)
  worker.on('error', onError)
  worker.on('failed', (job, error) => log.error({ err: error, run: job?.data.run, cut: job?.data.cut }, 'a cut failed; it is tried again'))
  await queue.waitUntilReady()
  void worker.run().catch(onError)
  return {
    // Its type names one of the two stores; the board takes both.
    queue: queue as unknown as Queue,
    async add(cut) {
      await queue.add('cut', pack(cut), { jobId: `${cut.run}-${cut.cut}`, removeOnComplete: true, removeOnFail: true })
    },
    async ping() {
      await queue.getJobCounts('active')
    },
    async close() {
      await worker.close()
      await queue.close()
      disconnect()
    },
  }
}

const onPostgres = withBackend(createPostgresBackend)

function open(name: string, store: CutStore, work: (job: Job<Packed>) => Promise<void>) {
  const options = { concurrency: 1, lockDuration: LOCK_MS, stalledInterval: STALLED_CHECK_MS, maxStalledCount: 1_000, autorun: false }
  if ('postgresUrl' in store) {
    const connection = { connectionString: store.postgresUrl, migrate: true }
    const queue = new onPostgres.Queue<Packed, void, 'cut'>(name, { connection })
    const worker = new onPostgres.Worker<Packed, void, 'cut'>(name, work, { connection, ...options })
    return { queue, worker, disconnect: () => {} }
  }
  const connection = new Redis(store.redisUrl, { maxRetriesPerRequest: null })
  return {
    queue: new Queue<Packed, void, 'cut'>(name, { connection }),
    worker: new Worker<Packed, void, 'cut'>(name, work, { connection, ...options }),
    // BullMQ leaves open what it was given.
    disconnect: () => connection.disconnect(),
  }
}

const pack = ({ ranges, ...cut }: Cut): Packed => ({
  ...cut,
  ranges: ranges.map(({ partition, from, next }) => [partition, String(from), String(next)]),
})

const unpack = ({ ranges, ...cut }: Packed): Cut => ({
  ...cut,
  ranges: ranges.map(([partition, from, next]) => ({ partition, from: BigInt(from), next: BigInt(next) })),
})
