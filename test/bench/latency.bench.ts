// `make bench`: order acknowledged → readable, in rounds of a fixed rate. Runs against a stack that is up: see Makefile.
import { addMerchant } from '../support/orders.ts'
import { quantile } from './api/statistics.ts'
import { RATE, SECONDS } from './config.ts'
import { orderLatency } from './order-latency.ts'

const line = (what: string, sorted: number[]) =>
  `${what.padEnd(34)} p50 ${quantile(sorted, 0.5).toFixed(0)} ms   p99 ${quantile(sorted, 0.99).toFixed(0)} ms   max ${quantile(sorted, 1).toFixed(0)} ms   n ${sorted.length}\n`

const measure = orderLatency({ apiKey: await addMerchant('bench'), rate: RATE, watchEvery: 10 })
for (const title of ['warm-up', 'measured', 'measured', 'measured']) {
  const { posts, readable } = await measure((n) => n < RATE * SECONDS)
  process.stdout.write(`${title}: ${RATE} orders/s for ${SECONDS} s\n`)
  process.stdout.write(line('  POST /v1/orders answered', posts))
  process.stdout.write(line('  acknowledged → in top categories', readable))
}
