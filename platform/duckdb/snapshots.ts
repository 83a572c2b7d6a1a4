// Reads from a DuckDB file in snapshots beside its writer, each on a connection of its own; few at a time, the rest wait in order.
import type { DuckDBConnection } from '@duckdb/node-api'
import { Unavailable } from '#process/errors'

/** Every statement holds one of libuv's four threads until it ends: the writer always finds one that no reader has. */
const AT_ONCE = 2

/** A moment's worth, at milliseconds each. More are told at once. */
const MAX_WAITING = 100

/** What takes longer, its wait included, is given up: a snapshot holds on to what the file could let go of. */
const LONGEST_MS = 10_000

/** Runs `read` in a snapshot. @throws Unavailable when too many wait, or when it takes too long; and what `read` throws */
export type Snapshots = <T>(read: (connection: DuckDBConnection) => Promise<T>) => Promise<T>

/** One for all readers of a file. @param connect gives a connection of its own */
export function duckdbSnapshots(connect: () => Promise<DuckDBConnection>, longestMs = LONGEST_MS): Snapshots {
  const waiting = new Set<PromiseWithResolvers<void>>()
  let running = 0

  function enter(turn: PromiseWithResolvers<void>): void {
    if (running === AT_ONCE) return void waiting.add(turn)
    running += 1
    turn.resolve()
  }

  function leave(): void {
    running -= 1
    const [next] = waiting
    if (next === undefined) return
    waiting.delete(next)
    enter(next)
  }

  async function inSnapshot<T>(read: (connection: DuckDBConnection) => Promise<T>, opened: (connection: DuckDBConnection) => void) {
    const connection = await connect()
    try {
      opened(connection)
      await connection.run('begin transaction read only')
      return await read(connection)
    } finally {
      connection.closeSync()
    }
  }

  return async (read) => {
    if (waiting.size === MAX_WAITING) throw new Unavailable('Too many questions are waiting right now. Ask again in a moment.')
    const turn = Promise.withResolvers<void>()
    enter(turn)
    let late = false
    let open: DuckDBConnection | undefined
    // Again and again: between two statements there is nothing to interrupt.
    const timer = setInterval(() => {
      late = true
      if (waiting.delete(turn)) turn.reject(new Error('late'))
      open?.interrupt()
    }, longestMs)
    const answering = turn.promise.then(() => inSnapshot(read, (connection) => (open = connection)).finally(leave))
    try {
      const answer = await answering
      if (late) throw new Error('late')
      return answer
    } catch (error) {
      throw late ? new Unavailable(`It took longer than ${longestMs / 1000} s to answer. Ask for less, or later.`, { cause: error }) : error
    } finally {
      clearInterval(timer)
    }
  }
}
