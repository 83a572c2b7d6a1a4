// A DuckDB connection that can be closed at any time. Closed while it runs a statement, @duckdb/node-api's own (1.5) deadlocks that
// statement's thread, which then keeps even process.exit from ending the process.
import type { DuckDBConnection } from '@duckdb/node-api'
import { Unavailable } from '#process/errors'
import { duckDbFault } from './faults.ts'

/**
 * Makes `connection` close behind the statement that runs, and `run` throw Unavailable or StopProcess for what DuckDB says of itself;
 * statements after closeSync are refused. `onClosed` is told once.
 */
export function closedWhenIdle(connection: DuckDBConnection, onClosed: () => void): DuckDBConnection {
  const run = connection.run.bind(connection)
  const disconnect = connection.disconnectSync.bind(connection)
  let running = 0
  let closing = false
  const closeIfIdle = () => {
    if (running > 0) return
    disconnect()
    onClosed()
  }
  // runAndRead and runAndReadAll go through this one; what streams is not used.
  connection.run = async (...statement) => {
    if (closing) throw new Unavailable('connection closed')
    running += 1
    try {
      return await run(...statement)
    } catch (error) {
      throw duckDbFault(error)
    } finally {
      running -= 1
      if (closing) closeIfIdle()
    }
  }
  connection.closeSync = () => {
    if (closing) return
    closing = true
    closeIfIdle()
  }
  return connection
}
