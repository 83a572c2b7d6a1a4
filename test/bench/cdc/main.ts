// From the commit to the topic, Debezium alone: backlog, latency, idle, killed. Runs against a stack that is up: see Makefile.
import { setTimeout as delay } from 'node:timers/promises'
import type { ConnectorConfig } from '@tally/connectors/connect/connector'
import { connect, type OwnConnector, openOwnConnector } from '../../../connectors/test/support/own-connector.ts'
import { stackCommand } from '../../support/orders.ts'
import { until } from '../../support/until.ts'
import { cpuSeconds } from '../api/cpu.ts'
import { pidsOf } from '../api/processes.ts'
import { latencyOf } from '../api/statistics.ts'
import { type Arrivals, followTopic } from './arrivals.ts'
import { BACKLOG, IDLE_SECONDS, LATENCY_SECONDS, PARTS, RATES, ROUNDS } from './config.ts'
import { insertAtRate, insertBacklog } from './rows.ts'

const PARTITIONS = 6
/** What the shipped file sets for speed; without these keys Debezium and Kafka use their own. */
const TUNED = ['poll.interval.ms', 'max.batch.size', 'max.queue.size']
const isTuned = (key: string) => TUNED.includes(key) || key.startsWith('producer.override.')

/** What a connector's start leaves to be compiled and collected is none of an idle one's. */
const SETTLE_MS = 15_000

const say = (text: string) => process.stdout.write(`${text}\n`)
const ms = (value: number) => `${value.toFixed(0)} ms`
const connectCpu = async () => cpuSeconds((await pidsOf('connect'))[0] ?? 0)

async function withConnector(work: (own: OwnConnector, arrivals: Arrivals) => Promise<void>, without = (_key: string) => false) {
  const own = await openOwnConnector({}, undefined, PARTITIONS)
  const config: ConnectorConfig = Object.fromEntries(Object.entries(own.connector.config).filter(([key]) => !without(key)))
  const arrivals = await followTopic(`${own.id}-events`)
  try {
    await connect.put({ ...own.connector, config })
    await until(async () => (await connect.status(own.id))?.tasks[0]?.state === 'RUNNING', { what: 'the connector runs' })
    const [first] = await own.insertEvents(1)
    await until(() => arrivals.at(String(first)), { what: 'the first event arrives' })
    await work(own, arrivals)
  } finally {
    await arrivals.close()
    await own.close()
  }
}

async function backlog(own: OwnConnector, arrivals: Arrivals): Promise<void> {
  arrivals.pause()
  await connect.stop(own.id)
  await until(async () => (await connect.status(own.id))?.tasks.length === 0, { what: 'the connector is stopped' })
  await insertBacklog(own.database, BACKLOG)
  const before = await own.endOfTopic()
  const cpuBefore = await connectCpu()
  await connect.resume(own.id)
  const resumed = performance.now()
  await until(async () => (await own.endOfTopic()) > before, { what: 'it begins', everyMs: 10, timeoutMs: 60_000 })
  const began = performance.now()
  await until(async () => (await own.endOfTopic()) - before >= BACKLOG, {
    what: 'the backlog is on the topic',
    everyMs: 20,
    timeoutMs: 300_000,
  })
  const seconds = (performance.now() - began) / 1_000
  const cpu = (await connectCpu()) - cpuBefore
  const perSecond = Math.round(BACKLOG / seconds)
  say(
    `backlog of ${BACKLOG} events: ${seconds.toFixed(1)} s, ${perSecond} events/s, ${((cpu * 1e6) / BACKLOG).toFixed(0)} µs of Connect's CPU each;`,
  )
  say(`  ${((began - resumed) / 1_000).toFixed(1)} s from the command to the first of them`)
}

async function latency(own: OwnConnector, arrivals: Arrivals, title: string, rounds: number): Promise<void> {
  await insertAtRate(own.database, 500, 10)
  for (const rate of Array.from({ length: rounds }, () => RATES).flat()) {
    const cpuBefore = await connectCpu()
    const committed = await insertAtRate(own.database, rate, LATENCY_SECONDS)
    await until(() => [...committed.keys()].every((id) => arrivals.at(id) !== undefined), { what: 'all have arrived' })
    const cpu = (await connectCpu()) - cpuBefore
    const { p50, p99, max } = latencyOf([...committed].map(([id, at]) => (arrivals.at(id) ?? Number.NaN) - at))
    const each = ((cpu * 1e6) / committed.size).toFixed(0)
    say(`  ${title}, ${rate}/s for ${LATENCY_SECONDS} s: p50 ${ms(p50)}, p99 ${ms(p99)}, max ${ms(max)}, ${each} µs of Connect's CPU each`)
  }
}

async function idle(): Promise<void> {
  await delay(SETTLE_MS)
  for (let round = 0; round < ROUNDS; round += 1) {
    const before = await connectCpu()
    await delay(IDLE_SECONDS * 1_000)
    const share = ((await connectCpu()) - before) / IDLE_SECONDS
    say(`idle for ${IDLE_SECONDS} s: Connect uses ${(share * 100).toFixed(1)} % of a core`)
  }
}

async function killed(own: OwnConnector, arrivals: Arrivals): Promise<void> {
  const load = insertAtRate(own.database, 500, 15)
  await delay(3_000)
  const repeatsBefore = arrivals.repeats()
  await stackCommand(['kill', 'connect'])
  const at = performance.now()
  const committed = await load
  await until(() => [...committed.keys()].every((id) => arrivals.at(id) !== undefined), { what: 'all have arrived', timeoutMs: 60_000 })
  const next = Math.min(...[...committed].filter(([, when]) => when > at).map(([id]) => arrivals.at(id) ?? Number.NaN))
  say(
    `kill -9 of Connect at 500/s: next event after ${((next - at) / 1_000).toFixed(1)} s, ${arrivals.repeats() - repeatsBefore} came twice, none is missing`,
  )
}

async function rounds(work: (own: OwnConnector, arrivals: Arrivals) => Promise<void>): Promise<void> {
  for (let round = 0; round < ROUNDS; round += 1) await withConnector(work)
}

// The first backlog meets JVMs that have just started, the others what is compiled by then.
if (PARTS.includes('backlog')) await rounds(backlog)
if (PARTS.includes('latency')) {
  say('commit → consumer, one row a transaction:')
  await withConnector((own, arrivals) => latency(own, arrivals, 'shipped settings', ROUNDS))
  await withConnector((own, arrivals) => latency(own, arrivals, "Debezium's defaults", 1), isTuned)
}
if (PARTS.includes('idle')) await withConnector(idle)
if (PARTS.includes('killed')) await rounds(killed)
