// A copy of this checkout, a release of the aggregator with a fault in it, and the way back as ops/runbooks/dead-letters.md tells it.
// Everything the engineer types is shown and run as it stands. Exit code 1 when a step does not end as the runbook says.
import { spawn } from 'node:child_process'
import { copyCheckout, replaceOnce } from '../support/checkout.ts'
import { childEnvironment } from '../support/config.ts'
import { allCounted, counted } from '../support/counts.ts'
import { type OrderRequest, placeAll, sumOf } from '../support/orders.ts'
import { until } from '../support/until.ts'
import { type Alerting, alerting } from './alerting.ts'

const CATEGORY = 'Drill'
const GOOD = 200
const LATER = 40
/** What the faulty release believes to be too many of one thing. */
const TOO_MANY = 5

const say = (text = '') => process.stdout.write(`${text}\n`)
const step = (text: string) => say(`\n── ${text}`)

const order = (n: number): OrderRequest => ({
  externalOrderId: `drill-${n}`,
  currency: 'USD',
  lines: [{ sku: `SKU-${n}`, category: CATEGORY, quantity: 1 + (n % 8), unitPriceMinor: 1_000 + n }],
})

const checkout = copyCheckout()

/** Runs a line in the copy as the engineer types it, shows both, and tells the exit code. */
function type(line: string, { quiet = false } = {}): Promise<{ code: number | null; output: string }> {
  say(`$ ${line}`)
  const child = spawn('/bin/sh', ['-c', line], { cwd: checkout.path, env: childEnvironment(), stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      output += chunk
      if (!quiet) process.stdout.write(chunk)
    })
  }
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, output })))
}

async function expected(line: string, code: number, options?: { quiet: boolean }): Promise<string> {
  const ran = await type(line, options)
  if (ran.code === code) return ran.output
  if (options?.quiet) process.stdout.write(ran.output)
  throw new Error(`\`${line}\` ended with ${ran.code}, the runbook says ${code}`)
}

async function drill(alerts: Alerting): Promise<void> {
  step('All is well')
  await expected('make up', 0, { quiet: true })
  for (const service of alerts.services) await expected(`make up S=${service}`, 0, { quiet: true })
  const key = (await expected('make merchant NAME=drill RATE=100000', 0, { quiet: true })).trim().split('\n').at(-1) ?? ''
  const orders = Array.from({ length: GOOD + LATER }, (_, n) => order(n))
  await placeAll(key, orders.slice(0, GOOD))
  await allCounted()
  say(`${GOOD} orders are placed and counted: ${show(await counted(CATEGORY))}`)

  step('A release of the aggregator refuses what it must not')
  const rollBack = replaceOnce(
    checkout,
    'aggregator/count/order-event.ts',
    'if (quantity < 1) return',
    `if (quantity > ${TOO_MANY}) return \`lines/\${index}/quantity \${quantity} is more than ${TOO_MANY}\`\n    if (quantity < 1) return`,
  )
  await expected('make restart S=aggregator', 0)
  await placeAll(key, orders.slice(GOOD))
  const hit = orders.slice(GOOD).filter(({ lines }) => lines.some(({ quantity }) => quantity > TOO_MANY)).length
  await until(async () => (await alerts.openLetters()) === hit, { what: `${hit} dead letters are seen by the metrics`, timeoutMs: 60_000 })
  say(`${LATER} more orders are placed; ${hit} of them are not counted.`)

  step('The alert')
  say(await alerts.firing())

  step('The runbook, 1: look')
  const plan = await expected('ops/replay-dlq', 0)
  if (!plan.includes('contract-violation')) throw new Error('the plan does not name the reason')

  step('The runbook, 2: mend the cause: back to the release before')
  rollBack()
  await expected('make restart S=aggregator', 0)

  step('The runbook, 3: replay')
  await expected('REASON=contract-violation GO=1 YES=1 WHY="drill: back to the release before" ops/replay-dlq', 0)
  await expected('ops/replay-dlq', 3)

  step('All is well again')
  const sum = await counted(CATEGORY)
  if (show(sum) !== show(sumOf(orders, CATEGORY))) throw new Error(`counted ${show(sum)}, placed ${show(sumOf(orders, CATEGORY))}`)
  say(`all ${orders.length} orders are counted once, to the cent: ${show(sum)}`)
  say(await alerts.resolved())
}

const show = (sum: { orders: number; units: number; revenueMinor: number }) =>
  `${sum.orders} orders, ${sum.units} units, ${(sum.revenueMinor / 100).toFixed(2)} USD`

const began = performance.now()
const alerts = alerting()
try {
  await drill(alerts)
  say(`\nThe drill took ${Math.round((performance.now() - began) / 1000)} s.`)
} catch (error) {
  say(`\nThe drill failed: ${error instanceof Error ? error.message : error}`)
  process.exitCode = 1
} finally {
  await type('make clean', { quiet: true })
  checkout.remove()
}
