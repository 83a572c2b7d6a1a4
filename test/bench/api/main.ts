// Measures ingest-api against itself without a database, against pgbench, under overload and with a large table.
// Runs against a stack with nothing but ingest-api and what it needs: see Makefile.

import { systemClock } from '@tally/platform/process/clock'
import { firstTsidAt } from '@tally/platform/process/ids'
import { stack } from '../../support/stack.ts'
import { ROUNDS, SECONDS } from './config.ts'
import { cpuSeconds } from './cpu.ts'
import { dropSlot, emptyOrders, fillOrders } from './database.ts'
import type { Load, Measured, Phase } from './load.ts'
import { findPgbench, runPgbench } from './pgbench.ts'
import { addBenchMerchant, pidsOf, runLoad, startMemoryApi } from './processes.ts'
import { recoverySeconds } from './recovery.ts'
import { spreadOf } from './statistics.ts'

const CONNECTIONS = 64
const BATCH = { connections: 4, linesPerRequest: 500 }
/** Open loop: more than are ever busy, so that no request waits for one. */
const OPEN_CONNECTIONS = 1_000
const OVERLOAD_SECONDS = 2 * SECONDS
const SMALL_ROWS = 100_000
const LARGE_ROWS = 2_000_000
/** Of batches, before a table is measured: the first write to a page after a checkpoint logs the whole page, and a checkpoint comes every 5 minutes. */
const SETTLE_SECONDS = 8

const apiPort = Number(new URL(stack.ingestApi).port)
/** Aside from every port of the stack. */
const memoryPort = apiPort + 90

const print = (text: string) => process.stdout.write(`${text}\n`)
const perSecond = ({ accepted, seconds }: Measured) => accepted / seconds

function report(title: string, values: readonly number[], goal = '', digits = 0): number {
  const { median, low, high } = spreadOf(values)
  const [m, l, h] = [median, low, high].map((value) => value.toFixed(digits))
  print(`${title.padEnd(58)} ${m} (${l}–${h})${goal && `   goal ${goal}`}`)
  return median
}

const ratios = (above: number[], below: number[]) => above.map((value, n) => value / (below[n] ?? Number.NaN))

async function load(port: number, phases: Phase[], more?: Partial<Load>): Promise<Measured[]> {
  const results = await runLoad({ port, apiKey, connections: CONNECTIONS, linesPerRequest: 1, phases, ...more })
  for (const { statuses } of results)
    for (const status of Object.keys(statuses)) if (!/^(200|201|429|503)$/.test(status)) throw new Error(`answered ${status}`)
  return results
}

const closed = async (port: number, seconds = SECONDS, batch?: typeof BATCH) =>
  perSecond((await load(port, [{ seconds }], batch))[0] as Measured)

async function throughput(): Promise<number> {
  const stopMemoryApi = await startMemoryApi(memoryPort, apiKey)
  const pgbench = findPgbench()
  if (pgbench === undefined) print('no pgbench on this machine (part of PostgreSQL): left out')
  for (const port of [memoryPort, apiPort]) await closed(port, 3)
  const [bare, single, batch, database]: [number[], number[], number[], number[]] = [[], [], [], []]
  for (let round = 0; round < ROUNDS; round += 1) {
    bare.push(await closed(memoryPort))
    single.push(await closed(apiPort))
    batch.push(await closed(apiPort, SECONDS, BATCH))
    // Ids of tomorrow: the API's own of today are not met.
    const firstId = firstTsidAt(systemClock.now() + 3_600_000 * (round + 1))
    if (pgbench) database.push(runPgbench(pgbench, { clients: CONNECTIONS, seconds: SECONDS, firstId }))
  }
  await stopMemoryApi()
  print(`closed loop, ${ROUNDS} rounds of ${SECONDS} s, median (lowest–highest)`)
  report(`  orders/s without a database, ${CONNECTIONS} connections`, bare)
  const capacity = report(`  orders/s, ${CONNECTIONS} connections`, single)
  report('  a. of the app without a database', ratios(single, bare), '≥ 0.85', 2)
  report(`  orders/s, batches of ${BATCH.linesPerRequest}, ${BATCH.connections} connections`, batch)
  if (pgbench) {
    report(`  orders/s by pgbench, ${CONNECTIONS} clients`, database)
    report('  b. single orders of pgbench', ratios(single, database), '≥ 0.4', 2)
    report('  b. batches of pgbench', ratios(batch, database), '≥ 1.5', 2)
  }
  return capacity
}

async function overload(capacity: number): Promise<void> {
  const half = { seconds: SECONDS, perSecond: capacity / 2 }
  const rounds: Measured[][] = []
  for (let round = 0; round < ROUNDS; round += 1)
    rounds.push(
      await load(apiPort, [half, { seconds: OVERLOAD_SECONDS, perSecond: capacity * 2 }, half], { connections: OPEN_CONNECTIONS }),
    )
  const of = (phase: number, value: (measured: Measured) => number) => rounds.map((round) => value(round[phase] as Measured))
  print(`open loop, ${ROUNDS} rounds: half of capacity ${SECONDS} s, twice ${OVERLOAD_SECONDS} s, half again ${SECONDS} s`)
  report(
    '  c. at half of capacity: p50, ms',
    of(0, ({ answered }) => answered.p50),
    '',
    1,
  )
  report(
    '  c. at half of capacity: p99, ms',
    of(0, ({ answered }) => answered.p99),
    '',
    1,
  )
  report(
    '  d. at twice capacity: accepted, of capacity',
    of(1, (measured) => perSecond(measured) / capacity),
    '≥ 0.9',
    2,
  )
  report(
    '  d. at twice capacity: refused/s',
    of(1, ({ refused, seconds }) => refused / seconds),
  )
  report(
    '  d. at twice capacity: p99 of the accepted, ms',
    of(1, ({ answered }) => answered.p99),
  )
  report(
    '  d. at twice capacity: p99 of refusals, ms',
    of(1, ({ refusals }) => refusals.p99),
    '< 50',
  )
  report(
    '  d. until it is as before, s',
    rounds.map((round) => recoverySeconds(round[0] as Measured, round[2] as Measured)),
    '< 5',
    2,
  )
}

async function tableSize(): Promise<void> {
  const [postgres = 0, api = 0] = await pidsOf('postgres', 'ingest-api')
  const microsPerOrder = async (pids: number[]) => {
    const used = () => pids.reduce((sum, pid) => sum + cpuSeconds(pid), 0)
    const before = used()
    const [measured] = await load(apiPort, [{ seconds: SECONDS }])
    return ((used() - before) * 1e6) / (measured?.accepted ?? Number.NaN)
  }
  await emptyOrders()
  const medians: number[] = []
  print(`CPU of API and PostgreSQL an order, µs, closed loop, ${ROUNDS} rounds of ${SECONDS} s`)
  for (const rows of [SMALL_ROWS, LARGE_ROWS]) {
    await fillOrders(rows)
    await closed(apiPort, SETTLE_SECONDS, BATCH)
    const micros: number[] = []
    for (let round = 0; round < ROUNDS; round += 1) micros.push(await microsPerOrder([postgres, api]))
    medians.push(report(`  from ${rows} rows on`, micros))
  }
  report('  e. large against small', ratios(medians.slice(1), medians), '≤ 1.1', 2)
}

const apiKey = await addBenchMerchant()
await dropSlot()
await overload(await throughput())
await tableSize()
