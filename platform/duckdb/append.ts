// Appends whole columns to a DuckDB table, as part of the transaction that is open on the connection.
import { BIGINT, type DuckDBConnection, DuckDBDataChunk, INTEGER } from '@duckdb/node-api'
import { duckDbFault } from './faults.ts'

/** Rows of a data chunk: DuckDB's vector size. */
const VECTOR = 2048

/**
 * All columns of the table, in its order and equally long; whole numbers, of which the caller knows that they fit.
 * @throws Unavailable for what DuckDB says of itself
 */
export async function appendColumns(connection: DuckDBConnection, table: string, columns: (BigInt64Array | Int32Array)[]): Promise<void> {
  const types = columns.map((column) => (column instanceof BigInt64Array ? BIGINT : INTEGER))
  const length = columns[0]?.length ?? 0
  const appender = await connection.createAppender(table)
  try {
    for (let from = 0; from < length; from += VECTOR) {
      const chunk = DuckDBDataChunk.create(types, Math.min(VECTOR, length - from))
      for (const [index, column] of columns.entries()) {
        const vector = chunk.getColumnVector(index) as unknown as { items: BigInt64Array | Int32Array; flush(): void }
        vector.items.set(column.subarray(from, from + VECTOR) as never)
        vector.flush()
      }
      appender.appendDataChunk(chunk)
    }
    appender.closeSync()
  } catch (error) {
    // Else it writes the same rows once more when it is collected as garbage, into whatever transaction is open then.
    appender.clear()
    throw duckDbFault(error)
  }
}
