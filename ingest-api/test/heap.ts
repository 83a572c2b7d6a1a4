// Memory that is really in use: what the collector leaves.

import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { until } from '../../test/support/until.ts'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

/** Bytes in use, buffers included. */
function heapInUse(): number {
  collect()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

/** Runs the work and waits until no more than so many bytes are held than before it: some are given back a moment late. */
export async function holdsNoMoreThan(bytes: number, work: () => Promise<unknown>): Promise<void> {
  const before = heapInUse()
  await work()
  await until(() => heapInUse() - before < bytes, { what: `less than ${bytes} bytes more are held than before`, timeoutMs: 20_000 })
}
