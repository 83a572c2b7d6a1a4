// A process that counts a fixed log into a file and kills itself (SIGKILL) before its n-th call to DuckDB.
// Arguments: file, n. Ends with 0 when everything was counted before it came to that.
import type { DuckDBConnection } from '@duckdb/node-api'
import type { CountOrders } from '../../count/count-orders.ts'
import type { Tending } from '../../store/maintain-counts.ts'
import { duckdbTending } from '../../store/maintenance.ts'
import { openCounting } from './counting.ts'
import { event, line, NOW, slice } from './orders.ts'

const PARTITIONS = 2
const ROUNDS = 2
const PER_SLICE = 3

const FIRST_ID = BigInt(NOW - 1_704_067_200_000 - 3_600_000) << 22n

/** The log: the last event of every slice is the first of the partition once more. */
export const logOf = (partition: number) =>
  Array.from({ length: ROUNDS * PER_SLICE }, (_, n) => {
    const nth = n % PER_SLICE === PER_SLICE - 1 ? 0 : n
    return event(FIRST_ID + BigInt(partition * 1_000 + nth), { lines: [line(`C${nth}`, 1, 100n), line('All', 1, 1n)] })
  })

export const partitions = Array.from({ length: PARTITIONS }, (_, partition) => partition)

/** Calls `before` ahead of each call to DuckDB. */
export function observed(connection: DuckDBConnection, before: () => void): DuckDBConnection {
  return new Proxy(connection, {
    get(target, name: keyof DuckDBConnection) {
      const member = target[name]
      if (typeof member !== 'function') return member
      return (...args: unknown[]) => {
        before()
        return (member as (...args: unknown[]) => unknown).apply(target, args)
      }
    },
  })
}

/** Ends the process (SIGKILL) with its n-th call. */
export function killer(atCall: number): () => void {
  let calls = 0
  return () => {
    calls += 1
    if (calls === atCall) process.kill(process.pid, 'SIGKILL')
  }
}

/** Hands over what the file has not counted, a slice of every partition at a time; then the file is looked after. */
export async function countRest(counting: CountOrders, tending?: Tending): Promise<void> {
  for (let round = 0; round < ROUNDS; round += 1) {
    const handled = partitions.map((partition) => {
      const from = counting.startAt('', partition)
      const end = (round + 1) * PER_SLICE
      return from >= BigInt(end) ? undefined : counting.handle(slice(from, logOf(partition).slice(Number(from), end), { partition }))
    })
    await Promise.all(handled)
  }
  await tending?.absorb()
  await tending?.keepAsOf(0n)
}

if (import.meta.main) {
  const [path = '', atCall = '0'] = process.argv.slice(2)
  /** All connections together. */
  const kill = killer(Number(atCall))
  const wrap = (connection: DuckDBConnection) => observed(connection, kill)
  const { counting, file, close } = await openCounting(path, { wrap })
  counting.aimAt({ asOf: BigInt(NOW) * 1000n, ends: new Map() })
  await countRest(counting, await duckdbTending(wrap(await file.connect()), 0))
  await close()
}
