// Opens the file given and holds it until killed.
import { openDuckDb } from '@tally/platform/duckdb'
import { createLog } from '@tally/platform/log'

await openDuckDb({ path: String(process.argv[2]), log: createLog('holder', 'silent'), stopping: new AbortController().signal })
process.stdout.write('open\n')
process.stdin.resume()
