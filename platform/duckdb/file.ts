// A DuckDB file and its one writer: a second process stands by for the lock, transactions roll back, fatal errors end the process.
import { resolve } from 'node:path'
import { type DuckDBConnection, DuckDBInstance, type DuckDBValue } from '@duckdb/node-api'
import { backoffMs } from '#process/backoff'
import { wait } from '#process/clock'
import { EXIT_CONFIG } from '#process/config'
import { messageOf, StopProcess, Unavailable } from '#process/errors'
import type { Log } from '#process/log'
import { closedWhenIdle } from './connection.ts'
import { commitFault, duckDbFault } from './faults.ts'

const STANDBY = { firstMs: 500, maxMs: 2_000 }

export type DuckDbFile = {
  /** One connection per transaction at a time: a transaction is seen by everything else on its connection. */
  connect(): Promise<DuckDBConnection>
  /** Closes all connections, each behind the statement that runs, and rolls back what they left open; writes the WAL into the file and
   *  lets go of the lock. */
  close(): Promise<void>
}

type Options = {
  path: string
  log: Log
  /** Ends the wait for the lock. */
  stopping: AbortSignal
  threads?: number
  /** As DuckDB writes it: `512MB`. */
  memoryLimit?: string
  /** What to do when the file cannot be opened: where to read on. */
  wayBack?: string
  /** Told once when another process holds the file. */
  onStandby?(why: string): void
}

// DuckDB lets one process open a file twice, and its lock is gone when either is closed.
const open = new Set<string>()

/**
 * Opens the file, waiting as a standby while another process has it.
 * @throws StopProcess when it cannot be opened, Unavailable when `stopping` aborted the wait
 */
export async function openDuckDb({
  path,
  log,
  stopping,
  onStandby,
  wayBack,
  threads = 2,
  memoryLimit = '1GB',
}: Options): Promise<DuckDbFile> {
  const file = resolve(path)
  if (open.has(file)) throw new StopProcess(`${file} is open in this process already`)
  open.add(file)
  const settings = {
    threads: String(threads),
    memory_limit: memoryLimit,
    // A checkpoint writes every part of a table that changed: at the default of 16MB that is half the cost of large commits.
    checkpoint_threshold: '128MB',
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
  }
  try {
    return await withConnections(await createWhenFree(), file)
  } catch (error) {
    open.delete(file)
    throw error
  }

  async function createWhenFree(): Promise<DuckDBInstance> {
    for (let attempt = 1; !stopping.aborted; attempt += 1) {
      try {
        return await DuckDBInstance.create(file, settings)
      } catch (error) {
        const why = messageOf(error)
        if (!/could not set lock/i.test(why))
          throw new StopProcess(`cannot open ${file}: ${why}${wayBack ? `\n${wayBack}` : ''}`, 1, { cause: error })
        if (attempt === 1) {
          log.info({ file, why }, 'another process holds the file: standing by')
          onStandby?.(`standby: another process holds ${file}`)
        }
        await wait(backoffMs(attempt, STANDBY), stopping)
      }
    }
    throw new Unavailable(`stopped while standing by for ${file}`)
  }
}

/** By connection: what leaves its file as the last good commit did. */
const abandoners = new WeakMap<DuckDBConnection, () => void>()

/**
 * Ends all use of the connection's file in this process. A commit that failed, for lack of memory say, may leave tables in memory that
 * hold what was rolled back, and the next commit or checkpoint would write that to the file. What another process reads there is right.
 */
const abandon = (connection: DuckDBConnection) => abandoners.get(connection)?.()

async function withConnections(instance: DuckDBInstance, file: string): Promise<DuckDbFile> {
  const connections = new Map<DuckDBConnection, PromiseWithResolvers<void>>()
  let isAbandoned = false
  const closeAll = () => {
    for (const [connection] of connections) connection.closeSync()
  }
  async function connect(): Promise<DuckDBConnection> {
    if (isAbandoned) throw new Unavailable('connection closed')
    const closed = Promise.withResolvers<void>()
    const connection = closedWhenIdle(await instance.connect(), () => {
      connections.delete(connection)
      closed.resolve()
    })
    connections.set(connection, closed)
    abandoners.set(connection, () => {
      isAbandoned = true
      closeAll()
    })
    return connection
  }
  async function checkpoint(): Promise<void> {
    if (isAbandoned) return
    const connection = await instance.connect()
    await connection.run('checkpoint').finally(() => connection.closeSync())
  }
  // Closing takes the WAL in itself, where that is right.
  const first = await instance.connect()
  await first.run('pragma disable_checkpoint_on_shutdown').finally(() => first.closeSync())
  return {
    connect,
    async close() {
      const all = [...connections.values()]
      closeAll()
      await Promise.all(all.map(({ promise }) => promise))
      await checkpoint().finally(() => {
        instance.closeSync()
        open.delete(file)
      })
    },
  }
}

/**
 * Runs `work` between begin and commit; rolls back when it throws.
 * @throws StopProcess | Unavailable for what DuckDB says of itself, else what `work` throws
 */
export async function transaction<T>(connection: DuckDBConnection, work: () => Promise<T>): Promise<T> {
  let answer: T
  await connection.run('begin')
  try {
    answer = await work()
  } catch (error) {
    await connection.run('rollback').catch(() => {})
    throw duckDbFault(error)
  }
  try {
    await connection.run('commit')
  } catch (error) {
    const fault = commitFault(error)
    if (fault) abandon(connection)
    // A commit that failed has rolled back already, and then says so.
    else await connection.run('rollback').catch(() => {})
    throw fault ?? duckDbFault(error)
  }
  return answer
}

/** Brings the file to the newest version: each migration runs once, in its own transaction. */
export async function migrate(connection: DuckDBConnection, migrations: readonly string[]): Promise<void> {
  await connection.run('create table if not exists schema_version (version integer not null)')
  const [row] = await readRows<[number | null]>(connection, 'select max(version) from schema_version')
  const version = row?.[0] ?? 0
  if (version > migrations.length)
    throw new StopProcess(
      `the file is of version ${version}, this program knows up to ${migrations.length}: run the newer program`,
      EXIT_CONFIG,
    )
  for (const [index, sql] of migrations.entries()) {
    if (index < version) continue
    await transaction(connection, async () => {
      await connection.run(sql)
      await connection.run('insert into schema_version values (?)', [index + 1])
    })
  }
}

/** All rows of a query. */
export async function readRows<R extends DuckDBValue[]>(
  connection: DuckDBConnection,
  sql: string,
  values?: DuckDBValue[] | Record<string, DuckDBValue>,
): Promise<R[]> {
  return (await connection.runAndReadAll(sql, values)).getRows() as R[]
}
