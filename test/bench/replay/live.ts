// Live orders, acknowledged → readable: alone, and while letters are replayed at full speed and at a rate.
import type { RecordLog } from '@tally/platform/record-log'
import { addMerchant, uniqueCategory } from '../../support/orders.ts'
import { quantile, spreadOf } from '../api/statistics.ts'
import { type Latencies, orderLatency } from '../order-latency.ts'
import { replayAll } from './command.ts'
import { LIVE_LETTERS, LIVE_RATE, LIVE_SECONDS, PACED_RATE, ROUNDS } from './config.ts'
import { fillQueue } from './letters.ts'

const GOAL = 1.5
/** More would leave the list of the first 100 before they are seen, should the aggregator stand still for seconds. */
const WATCHED_PER_SECOND = 20

const say = (text: string) => process.stdout.write(`${text}\n`)
const p99 = ({ readable }: Latencies) => quantile(readable, 0.99)

function tell(what: string, latencies: Latencies): void {
  const ms = (sorted: number[]) => [0.5, 0.99, 1].map((q) => quantile(sorted, q).toFixed(0)).join(' / ')
  const { posts, readable } = latencies
  say(`  ${what.padEnd(26)} readable p50/p99/max ${ms(readable)} ms of ${readable.length}   POST ${ms(posts)} ms`)
}

/** Says each round and the ratios. */
export async function measureLive(log: RecordLog): Promise<void> {
  const apiKey = await addMerchant('bench-replay')
  const measure = orderLatency({ apiKey, rate: LIVE_RATE, watchEvery: Math.max(1, Math.round(LIVE_RATE / WATCHED_PER_SECOND)) })
  const alone = () => measure((n) => n < LIVE_RATE * LIVE_SECONDS)

  async function during(letters: number, variables: Record<string, string>): Promise<Latencies> {
    await fillQueue(log, uniqueCategory('live'), letters)
    let running = true
    const replaying = replayAll(letters, variables).finally(() => {
      running = false
    })
    const [latencies, { runSeconds }] = await Promise.all([measure(() => running), replaying])
    say(`  ${(letters / runSeconds).toFixed(0)} letters/s were replayed${variables.RATE ? ` at RATE=${variables.RATE}` : ''}`)
    return latencies
  }

  say(`${LIVE_RATE} orders/s, acknowledged → in top categories; the first round warms up`)
  const ratios: { full: number; paced: number }[] = []
  for (let round = 0; round <= ROUNDS; round += 1) {
    const before = await alone()
    tell('no replay', before)
    const full = await during(LIVE_LETTERS, {})
    tell('replay at full speed', full)
    const paced = await during(PACED_RATE * LIVE_SECONDS, { RATE: String(PACED_RATE) })
    tell(`replay at RATE=${PACED_RATE}`, paced)
    if (round > 0) ratios.push({ full: p99(full) / p99(before), paced: p99(paced) / p99(before) })
  }
  for (const [what, values] of [
    ['at full speed', ratios.map(({ full }) => full)],
    [`at RATE=${PACED_RATE}`, ratios.map(({ paced }) => paced)],
  ] as const) {
    const { median, low, high } = spreadOf(values)
    say(`  ${median <= GOAL ? 'met   ' : 'MISSED'} p99 ${what}: ${median.toFixed(2)} (${low.toFixed(2)}–${high.toFixed(2)}) × (≤ ${GOAL})`)
  }
}
