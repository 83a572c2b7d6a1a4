// A process that rebuilds a file's counts from a fixed log and kills itself (SIGKILL) before its n-th call to DuckDB.
// Arguments: file, n. Ends with 0 when the rebuild was done before it came to that.
import { systemClock } from '@tally/platform/process/clock'
import { memoryLog } from '@tally/platform/test-support/memory-log'
import { ORDER_EVENTS } from '@tally/schemas/contract/topics'
import type { Rebuild } from '../../rebuild/rebuild-counts.ts'
import { type Opened, openCounting } from './counting.ts'
import { killer, logOf, observed, partitions } from './killed-counter.ts'
import { encode, recounting } from './recounting.ts'

/** What is counted anew lies in a file that nobody reads until it is whole: there one call in so many will do. */
const FRESH_STRIDE = 6

type Before = { call(): void; freshCall(): void }
const NOTHING: Before = { call() {}, freshCall() {} }

/** Counts the log of killed-counter.ts again; how it ended. */
export async function rebuild(opened: Opened, path: string, { call, freshCall } = NOTHING): Promise<Rebuild> {
  const recordLog = memoryLog({ clock: systemClock })
  recordLog.createTopic(ORDER_EVENTS, partitions.length)
  for (const partition of partitions)
    await recordLog.append(
      ORDER_EVENTS,
      logOf(partition).map((event) => encode(event, partition)),
    )
  const rebuilding = await recounting(opened, recordLog, path, {
    wrap: (file) => ({ ...file, connect: async () => observed(await file.connect(), call) }),
    wrapFresh: (connection) => observed(connection, freshCall),
  })
  rebuilding.start()
  await rebuilding.stopped()
  await recordLog.close()
  return rebuilding.status()
}

if (import.meta.main) {
  const [path = '', atCall = '0'] = process.argv.slice(2)
  const opened = await openCounting(path)
  const call = killer(Number(atCall))
  let fresh = 0
  const freshCall = () => {
    fresh += 1
    if (fresh % FRESH_STRIDE === 1) call()
  }
  const { state } = await rebuild(opened, path, { call, freshCall })
  if (state !== 'done') throw new Error(state)
  await opened.close()
}
