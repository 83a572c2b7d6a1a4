// A process of its own: transactions on a file without Kafka, timed one by one. Arguments: file, events per transaction, transactions.
import { setImmediate } from 'node:timers/promises'
import { countOrders } from '@tally/aggregator/count/count-orders'
import { duckdbCounts } from '@tally/aggregator/store/counts'
import { MIGRATIONS } from '@tally/aggregator/store/schema'
import { migrate, openDuckDb } from '@tally/platform/duckdb/file'
import type { Message } from '@tally/platform/loop/handler'
import { systemClock } from '@tally/platform/process/clock'
import { createLog } from '@tally/platform/process/log'
import { ORDER_EVENTS } from '@tally/schemas/contract/topics'
import { madeOrders } from './made-orders.ts'

const DAY_MS = 86_400_000
const [path = '', perTransaction, transactions] = process.argv.slice(2)
const [size, count] = [Number(perTransaction), Number(transactions)]

const file = await openDuckDb({
  ...{ path, log: createLog('bench', 'warn'), stopping: new AbortController().signal, memoryLimit: '256MB', threads: 1 },
})
const connection = await file.connect()
await migrate(connection, MIGRATIONS)
const counting = countOrders({
  counts: await duckdbCounts(connection, new Map()),
  decode: () => Promise.reject(new Error('events are made, not decoded')),
  ...{ clock: systemClock, dedupWindowMs: 8 * DAY_MS, flushIntervalMs: 0 },
  onFault: (error) => {
    throw error
  },
})
const made = madeOrders({ records: size * count, categories: 20, minutes: 'random', endMs: Date.now() })
const times: number[] = []
let micros = 0
for (let n = 0; n < count; n += 1) {
  const from = counting.startAt(ORDER_EVENTS, 0)
  const messages = Array.from({ length: size }, (_, index): Message<never> => {
    const { eventId, order } = made.record(n * size + index)
    const record = { topic: ORDER_EVENTS, partition: 0, offset: from + BigInt(index), timestamp: 0, key: null, value: null, headers: {} }
    return { record, value: { eventId, order } as never }
  })
  await setImmediate()
  const next = from + BigInt(size)
  const cpu = process.cpuUsage()
  const began = performance.now()
  await counting.handle({ topic: ORDER_EVENTS, partition: 0, from, next, messages, deadLettered: [], highWatermark: next + 1n })
  times.push(performance.now() - began)
  const { user, system } = process.cpuUsage(cpu)
  micros += user + system
}
connection.closeSync()
await file.close()
times.sort((a, b) => a - b)
const at = (q: number) => times[Math.min(times.length - 1, Math.floor(times.length * q))] ?? Number.NaN
process.stdout.write(
  `${JSON.stringify({ p50: at(0.5), p99: at(0.99), cpuMicros: micros / (size * count), peakMb: process.resourceUsage().maxRSS / 1024 })}\n`,
)
