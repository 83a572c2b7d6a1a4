// Of which days a file remembers event ids: one table each.
import type { DuckDBConnection } from '@duckdb/node-api'
import { readRows } from '@tally/platform/duckdb/file'
import { seenDay } from './schema.ts'

/** Days since the epoch. @param database as an SQL expression; by default the file that the connection is to */
export async function seenDays(connection: DuckDBConnection, database = 'current_database()'): Promise<number[]> {
  const tables = await readRows<[string]>(
    connection,
    `select table_name from duckdb_tables() where database_name = ${database} and not temporary`,
  )
  return tables.map(([name]) => seenDay(name)).filter((day) => day !== undefined)
}
