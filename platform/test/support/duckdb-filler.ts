// Commits rows until a transaction fails (run it where files may not grow), then tells what is kept.
import { openDuckDb, readRows, transaction } from '../../duckdb/file.ts'
import { createLog } from '../../process/log.ts'

const ROWS = 3_000
process.on('SIGXFSZ', () => {})
const file = await openDuckDb({ path: String(process.argv[2]), log: createLog('filler', 'silent'), stopping: new AbortController().signal })
const connection = await file.connect()
await connection.run('create table t (a varchar)')
let committed = 0
for (;;) {
  try {
    await transaction(connection, () => connection.run(`insert into t select repeat(i::varchar, 100) from range(${ROWS}) r(i)`))
    committed += ROWS
  } catch (error) {
    const [row] = await readRows<[bigint]>(connection, 'select count(*) from t')
    process.stdout.write(`${JSON.stringify({ error: (error as Error).name, committed, kept: Number(row?.[0]) })}\n`)
    process.exit()
  }
}
