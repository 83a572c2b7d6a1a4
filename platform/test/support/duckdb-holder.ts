// Opens the file given and holds it until killed.
import { openDuckDb } from '../../duckdb/file.ts'
import { createLog } from '../../process/log.ts'

await openDuckDb({ path: String(process.argv[2]), log: createLog('holder', 'silent'), stopping: new AbortController().signal })
process.stdout.write('open\n')
process.stdin.resume()
