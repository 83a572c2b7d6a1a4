// One writer on one file: opening, transactions, staging whole columns.
import { BIGINT, type DuckDBConnection, DuckDBDataChunk, DuckDBInstance, type DuckDBValue, INTEGER } from '@duckdb/node-api'
import { StopProcess, Unavailable } from '@tally/platform/errors'

export async function openFile(path: string): Promise<DuckDBInstance> {
  return DuckDBInstance.create(path, { threads: '2', autoinstall_known_extensions: 'false', autoload_known_extensions: 'false' })
}

export async function migrate(connection: DuckDBConnection, migrations: readonly string[]): Promise<void> {
  await connection.run('create table if not exists schema_version (version integer not null)')
  const [row] = await readRows<[number]>(connection, 'select max(version) from schema_version')
  const version = row?.[0] ?? 0
  for (const [index, sql] of migrations.entries()) {
    if (index < version) continue
    await transaction(connection, async () => {
      await connection.run(sql)
      await connection.run('insert into schema_version values (?)', [index + 1])
    })
  }
}

export async function transaction<T>(connection: DuckDBConnection, work: () => Promise<T>): Promise<T> {
  await run(connection, 'begin')
  try {
    const answer = await work()
    await connection.run('commit')
    return answer
  } catch (error) {
    await connection.run('rollback').catch(() => {})
    throw classify(error)
  }
}

const run = (connection: DuckDBConnection, sql: string) =>
  connection.run(sql).catch((error) => {
    throw classify(error)
  })

function classify(error: unknown): unknown {
  const text = error instanceof Error ? error.message : String(error)
  if (/^FATAL|has been invalidated/.test(text)) return new StopProcess(`DuckDB cannot go on: ${text}`, 1, { cause: error })
  if (/^(IO|TransactionContext|Out of Memory)/.test(text)) return new Unavailable(text, { cause: error })
  return error
}

export async function readRows<R extends DuckDBValue[]>(
  connection: DuckDBConnection,
  sql: string,
  values?: DuckDBValue[] | Record<string, DuckDBValue>,
): Promise<R[]> {
  return (await connection.runAndReadAll(sql, values)).getRows() as R[]
}

const VECTOR = 2048

export async function appendColumns(connection: DuckDBConnection, table: string, columns: (BigInt64Array | Int32Array)[]): Promise<void> {
  const types = columns.map((column) => (column instanceof BigInt64Array ? BIGINT : INTEGER))
  const length = columns[0]?.length ?? 0
  const appender = await connection.createAppender(table)
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
}
