// `make demo`: starts the stack, submits four years of orders over HTTP, and holds what was counted against the file.
import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { systemClock } from '@tally/platform/process/clock'
import { addresses, countedTotals, firstForecast, waitUntilCounted } from './answers.ts'
import { childEnvironment, demoConfig } from './config.ts'
import { differences, forecastText, nextThings, progressBar, totalsTable } from './report.ts'
import { submitOrders } from './submit.ts'
import { superstoreInterval, superstoreOrders, superstoreTotals } from './superstore.ts'

const DAY_MS = 86_400_000
/** The data set reaches four years back; the API's own default is 7 days. */
const MAX_ORDER_AGE_DAYS = '2000'

const root = new URL('../..', import.meta.url).pathname
const config = demoConfig()
const urls = addresses(config)
const stateFile = join(root, '.stack', config.STACK, 'demo.json')
const say = (text: string) => process.stdout.write(`${text}\n`)

function stack(argv: string[], stdout: 'inherit' | 'pipe' = 'inherit'): string {
  const done = spawnSync('node', ['ops/stack/main.ts', ...argv], {
    cwd: root,
    env: childEnvironment({ MAX_ORDER_AGE_DAYS }),
    stdio: ['ignore', stdout, 'inherit'],
    encoding: 'utf8',
  })
  if (done.status !== 0) process.exit(done.status ?? 1)
  return done.stdout ?? ''
}

/** The merchant's key, and the day the newest order was shifted to: kept, so that a second run sends the very same orders. */
function demoState(): { apiKey: string; newestDay: string } {
  if (existsSync(stateFile)) return JSON.parse(readFileSync(stateFile, 'utf8'))
  const added = stack(['exec', 'ingest-api', '--', 'node', 'ingest-api/add-merchant.ts', '--name', 'demo', '--rate', '1000000'], 'pipe')
  const apiKey = added.trim().split('\n').at(-1) ?? ''
  const state = { apiKey, newestDay: new Date(systemClock.now() - DAY_MS).toISOString().slice(0, 10) }
  mkdirSync(dirname(stateFile), { recursive: true })
  writeFileSync(stateFile, JSON.stringify(state))
  chmodSync(stateFile, 0o600)
  return state
}

stack(['up'])
const { apiKey, newestDay } = demoState()
const orders = await superstoreOrders(newestDay)
say(`\nSubmitting ${orders.length} orders of the Superstore data set to ${urls.ingestApi}/v1/orders`)
const progress = progressBar(orders.length, process.stdout)
const submitted = await submitOrders(urls.ingestApi, apiKey, orders, progress.advance)
progress.end()
say(
  `${submitted.created} accepted, ${submitted.already} already there${submitted.created === 0 ? ': nothing was added, every order counts once' : ''}.`,
)

const { asOf, seconds } = await waitUntilCounted(urls, submitted.lastAcceptedAt)
say(`All of them are counted as of ${asOf} (${seconds.toFixed(1)} s after the last was accepted).\n`)

const interval = superstoreInterval(newestDay)
const [fromFile, counted] = await Promise.all([superstoreTotals(), countedTotals(urls, interval)])
say(totalsTable(fromFile, counted))
const faults = differences(fromFile, counted)
if (faults.length > 0) {
  say(`\nThe counts differ from the file:\n${faults.map((fault) => `  ${fault}`).join('\n')}`)
  process.exit(1)
}
say('Every total equals the one computed from the file by SQL, to the cent. (Unit prices are rounded to cents first.)\n')

const top = fromFile[0]?.category ?? ''
say(forecastText(top, await firstForecast(urls, top)))
say(nextThings(urls, config.STACK, config.PORT_OFFSET))
